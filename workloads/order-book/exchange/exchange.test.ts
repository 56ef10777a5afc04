import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUY, SELL } from '../engine/book.ts';
import { ByteReader } from './bytes.ts';
import { type Command, encodeCommand, readCommand } from './command.ts';
import { Exchange, type Outcome } from './exchange.ts';
import type { Order } from './order.ts';
import { decodeExchange, digest, encodeExchange } from './snapshot.ts';
import { commands, listing, place } from './testing/command-flow.ts';

function started(tape: readonly Command[] = []): Exchange {
  const exchange = new Exchange();
  for (const command of [...listing, ...tape]) exchange.apply(command, 1);
  return exchange;
}

/** An outcome as text, without the object graph behind it. */
function shown(outcome: Outcome): string {
  if (outcome.kind === 'configured') return 'configured';
  const { order } = outcome;
  const about =
    order === undefined ? '' : ` ${order.id} ${order.status} ${order.filled}/${order.quantity}@${order.price}`;
  if (outcome.kind === 'refused') return `${outcome.refusal}${about}`;
  const trades = outcome.trades.map(
    ({ sequence, price, quantity, makerId }) => `${sequence}:${quantity}@${price}<${makerId}`,
  );
  return [`${outcome.repeated ? 'repeated' : 'done'}${about}`, ...trades].join(' ');
}

describe('orders', () => {
  it('fills, rests, cancels; ids are the sequences of the commands', () => {
    const exchange = started();
    expect(shown(exchange.apply(place({ quantity: 5 }), 1))).toBe('done 3 open 0/5@100');
    expect(shown(exchange.apply(place({ account: 'b', side: SELL, price: 99, quantity: 2 }), 1))).toBe(
      'done 4 filled 2/2@99 1:2@100<3',
    );
    expect(shown(exchange.apply({ kind: 'cancel', timeMs: 2, account: 'a', orderId: 3 }, 1))).toBe(
      'done 3 cancelled 2/5@100',
    );
    expect(shown(exchange.apply({ kind: 'cancel', timeMs: 2, account: 'a', orderId: 3 }, 1))).toBe(
      'orderClosed 3 cancelled 2/5@100',
    );
  });

  it('of others do not exist for an account', () => {
    const exchange = started([place()]);
    expect(shown(exchange.apply({ kind: 'cancel', timeMs: 2, account: 'b', orderId: 3 }, 1))).toBe('orderNotFound');
    const replace: Command = { kind: 'replace', timeMs: 2, account: 'b', orderId: 3, price: 1, quantity: 1 };
    expect(shown(exchange.apply(replace, 1))).toBe('orderNotFound');
  });

  it('a market order takes what there is at any price and never rests', () => {
    const exchange = started([place({ side: SELL, price: 2_147_483_646 })]);
    const market = place({ account: 'b', type: 'market', timeInForce: 'IOC', price: 0, quantity: 9 });
    expect(shown(exchange.apply(market, 1))).toBe('done 4 cancelled 5/9@0 1:5@2147483646<3');
  });

  it('a replacement counts what is filled: total, not remainder', () => {
    const exchange = started([place({ quantity: 5 }), place({ account: 'b', side: SELL, quantity: 2 })]);
    const replace = (quantity: number, price = 0): Command => ({
      kind: 'replace',
      timeMs: 3,
      account: 'a',
      orderId: 3,
      price,
      quantity,
    });
    expect(shown(exchange.apply(replace(2), 1))).toBe('quantityBelowFilled 3 open 2/5@100');
    expect(shown(exchange.apply(replace(3), 1))).toBe('done 3 open 2/3@100');
    expect(exchange.markets.get('BTC-EUR')?.book.remaining(3)).toBe(1);
    expect(shown(exchange.apply(replace(0, 101), 1))).toBe('done 3 open 2/3@101');
    expect(shown(exchange.apply(place({ account: 'b', side: SELL, price: 101, quantity: 1 }), 1))).toContain('1@101<3');
    expect(shown(exchange.apply(replace(9), 1))).toBe('orderClosed 3 filled 3/3@101');
  });

  it('a post-only order stays post-only when it is moved', () => {
    const exchange = started([place({ postOnly: true }), place({ account: 'b', side: SELL, price: 105 })]);
    const move: Command = { kind: 'replace', timeMs: 3, account: 'a', orderId: 3, price: 105, quantity: 0 };
    expect(shown(exchange.apply(move, 1))).toBe('wouldMatch 3 open 0/5@100');
    expect(exchange.markets.get('BTC-EUR')?.book.remaining(3)).toBe(5);
  });

  it('more open orders than the limit are refused, immediate ones are not', () => {
    const exchange = started([{ kind: 'limits', maxOrdersPerAccount: 1, closedOrdersKept: 10 }, place()]);
    expect(shown(exchange.apply(place(), 1))).toBe('tooManyOpenOrders');
    expect(shown(exchange.apply(place({ timeInForce: 'IOC' }), 1))).toContain('cancelled');
    expect(shown(exchange.apply(place({ account: 'b' }), 1))).toContain('open');
  });
});

describe('client order ids', () => {
  it.each(['1', '__proto__', 'constructor', 'toString'])(
    '%s again is the same order and places nothing',
    (clientOrderId) => {
      const exchange = started([place({ clientOrderId })]);
      expect(shown(exchange.apply(place({ clientOrderId, timeMs: 9 }), 1))).toBe('repeated 3 open 0/5@100');
      expect(shown(exchange.apply(place({ clientOrderId, price: 101 }), 1))).toContain('duplicateClientOrderId 3');
      expect(shown(exchange.apply(place({ clientOrderId, account: 'b' }), 1))).toContain('done 6');
      expect(exchange.orders.open).toBe(2);
    },
  );

  it('is compared with the order as it was placed, whatever became of it', () => {
    const exchange = started([
      place({ clientOrderId: 'x' }),
      { kind: 'replace', timeMs: 2, account: 'a', orderId: 3, price: 90, quantity: 7 },
      { kind: 'cancel', timeMs: 3, account: 'a', orderId: 3 },
    ]);
    expect(shown(exchange.apply(place({ clientOrderId: 'x' }), 1))).toBe('repeated 3 cancelled 0/7@90');
  });

  it('of a refused order gets the same refusal again, although it would be accepted now', () => {
    const exchange = started([place({ account: 'b', side: SELL })]);
    const postOnly = place({ clientOrderId: 'x', postOnly: true });
    expect(shown(exchange.apply(postOnly, 1))).toContain('wouldMatch 4 rejected');
    exchange.apply({ kind: 'cancel', timeMs: 2, account: 'b', orderId: 3 }, 1);
    expect(shown(exchange.apply(postOnly, 1))).toContain('wouldMatch 4 rejected');
  });

  it('is free again when its order is forgotten', () => {
    const exchange = started([
      { kind: 'limits', maxOrdersPerAccount: 9, closedOrdersKept: 1 },
      place({ clientOrderId: 'x', timeInForce: 'IOC' }),
      place({ clientOrderId: 'y', timeInForce: 'IOC' }),
    ]);
    expect(shown(exchange.apply(place({ clientOrderId: 'y', timeInForce: 'IOC' }), 1))).toContain('repeated');
    expect(shown(exchange.apply(place({ clientOrderId: 'x', timeInForce: 'IOC' }), 1))).toContain('done');
  });
});

describe('commands are the truth', () => {
  it('a command is read back as it was written', () => {
    fc.assert(
      fc.property(commands, (tape) => {
        for (const command of tape) expect(readCommand(new ByteReader(encodeCommand(command)))).toEqual(command);
      }),
    );
  });

  it('the same commands give the same state and the same outcomes', () => {
    fc.assert(
      fc.property(commands, (tape) => {
        const [left, right] = [started(), started()];
        for (const command of tape) expect(shown(left.apply(command, 1))).toBe(shown(right.apply(command, 1)));
        expect(digest(left)).toBe(digest(right));
      }),
    );
  });

  it('a snapshot at any command and the commands behind it give the straight run', () => {
    fc.assert(
      fc.property(commands, (tape) => {
        const straight = started(tape);
        for (let at = 0; at <= tape.length; at += 7) {
          const restored = decodeExchange(encodeExchange(started(tape.slice(0, at))));
          for (const command of tape.slice(at)) restored.apply(command, 1);
          expect(digest(restored)).toBe(digest(straight));
        }
      }),
    );
  });

  it('orders, accounts and books agree after any tape', () => {
    fc.assert(
      fc.property(commands, (tape) => {
        const exchange = started(tape);
        const resting: Order[] = [];
        for (const { book } of exchange.markets.values()) {
          for (const side of [BUY, SELL] as const) {
            book.eachOrder(side, (id, price, remaining) => {
              const order = exchange.orders.get(id);
              expect(order).toMatchObject({ status: 'open', side, price });
              expect(order === undefined ? 0 : order.quantity - order.filled).toBe(remaining);
              if (order !== undefined) resting.push(order);
            });
          }
        }
        expect(exchange.orders.open).toBe(resting.length);
        for (const account of ['a', 'b', '__proto__', 'ü']) {
          expect(exchange.orders.openOf(account).map(({ id }) => id)).toEqual(
            resting
              .filter((order) => order.account === account)
              .map(({ id }) => id)
              .sort((a, b) => a - b),
          );
        }
        for (const order of exchange.orders.closedOrders()) expect(order.status).not.toBe('open');
      }),
    );
  });
});

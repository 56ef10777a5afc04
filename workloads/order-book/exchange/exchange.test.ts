import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUY, SELL } from '../engine/book.ts';
import { Reason } from '../engine/reports.ts';
import { ByteReader } from './bytes.ts';
import {
  type Command,
  type ExtraTerms,
  encodeCommand,
  type PhaseName,
  type PlaceCommand,
  readCommand,
} from './command.ts';
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
  if (outcome.kind === 'configured') return `configured${(outcome.trades ?? []).map(({ quantity }) => ` ${quantity}`)}`;
  const order = outcome.kind === 'pair' ? outcome.limit : outcome.order;
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
    expect(exchange.markets.get('BTC-EUR')?.remaining(3)).toBe(1);
    expect(shown(exchange.apply(replace(0, 101), 1))).toBe('done 3 open 2/3@101');
    expect(shown(exchange.apply(place({ account: 'b', side: SELL, price: 101, quantity: 1 }), 1))).toContain('1@101<3');
    expect(shown(exchange.apply(replace(9), 1))).toBe('orderClosed 3 filled 3/3@101');
  });

  it('a post-only order stays post-only when it is moved', () => {
    const exchange = started([place({ postOnly: true }), place({ account: 'b', side: SELL, price: 105 })]);
    const move: Command = { kind: 'replace', timeMs: 3, account: 'a', orderId: 3, price: 105, quantity: 0 };
    expect(shown(exchange.apply(move, 1))).toBe('wouldMatch 3 open 0/5@100');
    expect(exchange.markets.get('BTC-EUR')?.remaining(3)).toBe(5);
  });

  it('more open orders than the limit are refused, immediate ones are not', () => {
    const exchange = started([{ kind: 'limits', maxOrdersPerAccount: 1, closedOrdersKept: 10 }, place()]);
    expect(shown(exchange.apply(place(), 1))).toBe('tooManyOpenOrders');
    expect(shown(exchange.apply(place({ timeInForce: 'IOC' }), 1))).toContain('cancelled');
    expect(shown(exchange.apply(place({ account: 'b' }), 1))).toContain('open');
  });
});

const extra: ExtraTerms = { stopPrice: 0, displayQuantity: 0, selfTrade: 'allow', expiresMs: 0, linkedTo: 0 };

describe('the order surface', () => {
  it('a stop waits, is triggered by a trade, and its fills are counted', () => {
    const exchange = started([
      place({ side: SELL, quantity: 1 }),
      place({ account: 'b', quantity: 1 }),
      place({ account: 'b', extra: { ...extra, stopPrice: 102 }, price: 105, quantity: 3 }),
      place({ side: SELL, price: 102, quantity: 1 }),
      place({ side: SELL, price: 104, quantity: 2 }),
    ]);
    expect(exchange.markets.get('BTC-EUR')?.isWaiting(5)).toBe(true);
    expect(shown(exchange.apply(place({ price: 102, quantity: 1 }), 1))).toBe(
      'done 8 filled 1/1@102 2:1@102<6 3:2@104<7',
    );
    expect(exchange.orders.get(5)).toMatchObject({ status: 'open', filled: 2 });
  });

  it('orders expire by a sweep, at its cut-off and not before; one that is late is refused', () => {
    const at = (expiresMs: number): Command => place({ extra: { ...extra, expiresMs } });
    const exchange = started([at(3_000), at(2_000), at(2_001), place()]);
    expect(exchange.orders.nextExpiryMs).toBe(2_000);
    exchange.apply({ kind: 'expire', timeMs: 2_000 }, 1);
    expect(exchange.orders.openOf('a').map(({ id }) => id)).toEqual([3, 5, 6]);
    expect(exchange.orders.get(4)).toMatchObject({ status: 'cancelled', reason: Reason.expired });
    expect(exchange.orders.nextExpiryMs).toBe(2_001);
    exchange.apply({ kind: 'expire', timeMs: 9_000 }, 1);
    expect(exchange.orders.closedOrders().map(({ id }) => id)).toEqual([4, 5, 3]);
    expect(exchange.orders.nextExpiryMs).toBe(Number.POSITIVE_INFINITY);
    expect(shown(exchange.apply(at(1_000), 1))).toBe('alreadyExpired');
  });

  it('the kill switch cancels what an account has open and keeps it out until it is lifted', () => {
    const exchange = started([
      place(),
      place({ extra: { ...extra, linkedTo: 3 }, price: 99 }),
      place({ account: 'b' }),
    ]);
    exchange.apply({ kind: 'kill', timeMs: 2, account: 'a', blocked: true }, 1);
    expect(exchange.orders.openOf('a')).toEqual([]);
    expect(exchange.orders.get(3)).toMatchObject({ status: 'cancelled', reason: Reason.killed });
    expect(exchange.orders.get(4)).toMatchObject({ status: 'cancelled', reason: Reason.byPartner });
    expect(exchange.orders.openOf('b')).toHaveLength(1);
    expect(shown(exchange.apply(place(), 1))).toBe('accountBlocked');
    const restored = decodeExchange(encodeExchange(exchange));
    expect(shown(restored.apply(place(), 1))).toBe('accountBlocked');
    exchange.apply({ kind: 'kill', timeMs: 3, account: 'a', blocked: false }, 1);
    expect(shown(exchange.apply(place(), 1))).toContain('done');
  });

  it('a call collects and the opening trades at one price, for nobody as taker', () => {
    const phase = (name: PhaseName): Command => ({ kind: 'phase', timeMs: 2, symbol: 'BTC-EUR', phase: name });
    const exchange = started([phase('call'), place({ price: 102, quantity: 4 }), place({ side: SELL, price: 98 })]);
    expect(shown(exchange.apply(place({ timeInForce: 'IOC' }), 1))).toContain('notInAuction');
    const opened = exchange.apply(phase('continuous'), 1);
    expect(opened).toMatchObject({ trades: [{ price: 98, quantity: 4, makerId: 4, takerId: 5, takerSide: 2 }] });
    expect(exchange.orders.get(5)).toMatchObject({ status: 'open', filled: 4 });
  });

  it('a halt refuses orders and a band refuses prices; neither is lost in a snapshot', () => {
    const exchange = started([
      { kind: 'band', symbol: 'BTC-EUR', lowest: 90, highest: 110 },
      place(),
      { kind: 'phase', timeMs: 2, symbol: 'BTC-EUR', phase: 'halted' },
    ]);
    expect(shown(exchange.apply(place({ price: 111 }), 1))).toContain('halted');
    exchange.apply({ kind: 'phase', timeMs: 2, symbol: 'BTC-EUR', phase: 'continuous' }, 1);
    for (const state of [exchange, decodeExchange(encodeExchange(exchange))]) {
      expect(shown(state.apply(place({ price: 111 }), 1))).toContain('outOfBand');
    }
  });

  it('a self-trade is prevented as the newer order says', () => {
    const exchange = started([place({ side: SELL, quantity: 5 })]);
    const buy = place({ quantity: 2, extra: { ...extra, selfTrade: 'decrement' } });
    expect(shown(exchange.apply(buy, 1))).toBe('done 4 cancelled 0/0@100');
    expect(exchange.orders.get(3)).toMatchObject({ status: 'open', quantity: 3, filled: 0 });
  });

  it('orders of two accounts, two symbols or two sides are not linked', () => {
    const linked = (change: Partial<PlaceCommand>): Command =>
      place({ price: 99, extra: { ...extra, linkedTo: 3 }, ...change });
    const exchange = started([place()]);
    expect(shown(exchange.apply(linked({ account: 'b' }), 1))).toBe('badPartner');
    expect(shown(exchange.apply(linked({ symbol: 'ETH-EUR' }), 1))).toBe('badPartner');
    expect(shown(exchange.apply(linked({ side: SELL, price: 120 }), 1))).toContain('badPartner');
    expect(shown(exchange.apply(linked({}), 1))).toContain('done');
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
        for (const market of exchange.markets.values()) {
          const { book } = market;
          for (const side of [BUY, SELL] as const) {
            const visit = (id: number): void => {
              const order = exchange.orders.get(id);
              expect(order).toMatchObject({ status: 'open' });
              expect(order === undefined ? 0 : order.quantity - order.filled).toBe(market.remaining(id));
              if (order !== undefined) resting.push(order);
            };
            market.eachOrder(side, (id, price) => {
              visit(id);
              const order = exchange.orders.get(id);
              expect(order?.side).toBe(side);
              // A triggered stop at market never rests: what rests has a limit.
              expect(order?.price).toBe(price);
            });
            book.eachStop(side, (slot) => visit(exchange.orders.idOf(slot)));
          }
          book.eachCalled((slot) => {
            const order = exchange.orders.view(slot);
            expect(order).toMatchObject({ status: 'open' });
            if (order !== undefined) resting.push(order);
          });
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

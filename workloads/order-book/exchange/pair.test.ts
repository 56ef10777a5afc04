import { describe, expect, it } from 'vitest';
import { type Command, type Leg, NO_EXTRA, type PairCommand } from './command.ts';
import { Exchange, type Outcome } from './exchange.ts';
import { limitLeg, listing, place, risk } from './testing/command-flow.ts';

const stop: Leg = { ...limitLeg, type: 'market', timeInForce: 'IOC', price: 0, extra: { ...NO_EXTRA, stopPrice: 90 } };

const pair = (stopChange: Partial<Leg> = {}, limitChange: Partial<Leg> = {}): PairCommand => {
  return {
    kind: 'pair',
    timeMs: 9,
    account: 'a',
    symbol: 'BTC-EUR',
    stop: { ...stop, ...stopChange },
    limit: { ...limitLeg, ...limitChange },
  };
};

/** One trade at 100, so that stops have a last price: sequences 3 and 4. Then bids at 100 and 90, of account b. */
function started(more: readonly Command[] = []): Exchange {
  const exchange = new Exchange();
  const crossed = [place({ account: 'b' }), place({ account: 'c', side: 1 })];
  for (const command of [...listing, ...crossed, ...more]) exchange.apply(command, 1);
  return exchange;
}

function refusalOf(outcome: Outcome): string {
  return outcome.kind === 'refused' ? outcome.refusal : outcome.kind;
}

/** Nothing of the pair is open, and nobody can see anything of it. */
function expectNone(exchange: Exchange): void {
  expect(exchange.orders.openCount('a')).toBe(0);
  expect(exchange.markets.get('BTC-EUR')?.book.size).toBe(0);
}

describe('a pair', () => {
  it('is two orders with two sequences, linked', () => {
    const exchange = started();
    const outcome = exchange.apply(pair(), 1);
    expect(outcome).toMatchObject({ kind: 'pair', stop: { id: 5, status: 'open' }, limit: { id: 6, status: 'open' } });
    expect(exchange.sequence).toBe(6);
    expect(exchange.markets.get('BTC-EUR')?.partnerOf(6)).toBe(5);
  });

  it('the limit trades: the stop is cancelled', () => {
    const exchange = started([pair()]);
    exchange.apply(place({ account: 'b', price: 110, quantity: 2 }), 1);
    expect(exchange.orders.get(5)?.status).toBe('cancelled');
    expect(exchange.orders.get(6)).toMatchObject({ status: 'open', filled: 2 });
  });

  it('the stop is triggered: the limit is cancelled', () => {
    const exchange = started([pair()]);
    for (const side of [0, 1] as const) exchange.apply(place({ account: 'b', side, price: 90 }), 1);
    expect(exchange.orders.get(6)?.status).toBe('cancelled');
  });

  it('the limit trades at once: it is placed, and the stop is cancelled', () => {
    const exchange = started([place({ account: 'b', price: 112 })]);
    const outcome = exchange.apply(pair(), 1);
    expect(outcome).toMatchObject({ kind: 'pair', limit: { status: 'filled' }, stop: { status: 'cancelled' } });
  });

  const halt = (phase: 'halted' | 'call'): Command => ({ kind: 'phase', timeMs: 5, symbol: 'BTC-EUR', phase });

  it.each<[string, readonly Command[], PairCommand, string]>([
    ['the stop was passed', [], pair({ extra: { ...NO_EXTRA, stopPrice: 100 } }), 'wouldTrigger'],
    ['the limit is over a limit', [risk({ maxNotional: 500 })], pair(), 'notionalTooLarge'],
    ['the stop is over a limit', [risk({ maxNotional: 500 })], pair({ price: 101 }, { price: 99 }), 'notionalTooLarge'],
    [
      'the limit is outside of the band',
      [{ kind: 'band', symbol: 'BTC-EUR', lowest: 1, highest: 105 }],
      pair(),
      'outOfBand',
    ],
    ['the symbol is halted', [halt('halted')], pair(), 'halted'],
    ['the symbol is in its call', [halt('call')], pair(), 'notInAuction'],
    ['there is room for one', [{ kind: 'accountOrders', account: 'a', maxOrders: 1 }], pair(), 'tooManyOpenOrders'],
    [
      'the account is switched off',
      [{ kind: 'kill', timeMs: 5, account: 'a', blocked: true }],
      pair(),
      'accountBlocked',
    ],
    ['the limit has expired', [], pair({}, { extra: { ...NO_EXTRA, expiresMs: 9 } }), 'alreadyExpired'],
    ['nobody knows the symbol', [], { ...pair(), symbol: 'XXX' }, 'unknownSymbol'],
  ])('nothing of it is placed when %s', (_name, more, command, refusal) => {
    const exchange = started(more);
    const before = exchange.sequence;
    expect(refusalOf(exchange.apply(command, 1))).toBe(refusal);
    expect(exchange.sequence).toBe(before + 2);
    expectNone(exchange);
  });

  it('nothing of it is placed when the limit is post-only and would match', () => {
    const exchange = started([place({ account: 'b', price: 110 })]);
    expect(refusalOf(exchange.apply(pair({}, { postOnly: true }), 1))).toBe('wouldMatch');
    expect(exchange.orders.openCount('a')).toBe(0);
    expect(exchange.orders.openCount('b')).toBe(1);
  });
});

describe('the client order ids of a pair', () => {
  const named = pair({ clientOrderId: 's' }, { clientOrderId: 'l' });

  it('sent again are the same pair, whatever became of it', () => {
    const exchange = started([named]);
    exchange.apply({ kind: 'cancel', timeMs: 9, account: 'a', orderId: 6 }, 1);
    const again = exchange.apply(named, 1);
    expect(again).toMatchObject({
      kind: 'pair',
      repeated: true,
      stop: { id: 5 },
      limit: { id: 6, status: 'cancelled' },
    });
  });

  it('of which one belongs to another order are refused', () => {
    const exchange = started([place({ clientOrderId: 'l', price: 80 })]);
    expect(refusalOf(exchange.apply(named, 1))).toBe('duplicateClientOrderId');
    const other = started([place({ clientOrderId: 's', price: 80 })]);
    expect(refusalOf(other.apply(named, 1))).toBe('duplicateClientOrderId');
    const changed = started([named]);
    expect(refusalOf(changed.apply(pair({ clientOrderId: 's' }, { clientOrderId: 'l', price: 111 }), 1))).toBe(
      'duplicateClientOrderId',
    );
  });

  it('get the refusal of the book again', () => {
    const exchange = started([place({ account: 'b', price: 110 })]);
    const postOnly = pair({ clientOrderId: 's' }, { clientOrderId: 'l', postOnly: true });
    expect(refusalOf(exchange.apply(postOnly, 1))).toBe('wouldMatch');
    exchange.apply({ kind: 'cancel', timeMs: 9, account: 'b', orderId: 5 }, 1);
    expect(refusalOf(exchange.apply(postOnly, 1))).toBe('wouldMatch');
    expect(exchange.orders.openCount('a')).toBe(0);
  });
});

import assert from 'node:assert/strict';
import { type Command, type Leg, NO_EXTRA, type PairCommand } from '../command.ts';
import type { Exchange, Outcome } from '../exchange.ts';
import { limitLeg, listing, place, risk } from './command-flow.ts';
import type { Program } from './durability.ts';

type Parts = Pick<Program, 'exchange' | 'snapshot'>;

const pair = (stopPrice: number, limit: Partial<Leg> = {}, ids: readonly [string, string] = ['', '']): PairCommand => {
  const stop = { ...limitLeg, price: 80, clientOrderId: ids[0], extra: { ...NO_EXTRA, stopPrice } };
  return {
    kind: 'pair',
    timeMs: 9,
    account: 'a',
    symbol: 'BTC-EUR',
    stop,
    limit: { ...limitLeg, clientOrderId: ids[1], ...limit },
  };
};
const replace = (orderId: number, price: number, quantity: number): Command => {
  return { kind: 'replace', timeMs: 9, account: 'a', orderId, price, quantity };
};

function started({ exchange }: Parts, tape: readonly Command[]): Exchange {
  const made = new exchange.Exchange();
  for (const command of [...listing, ...tape]) made.apply(command, 1);
  return made;
}

const answer = (outcome: Outcome): string => (outcome.kind === 'refused' ? outcome.refusal : outcome.kind);
const expect = (exchange: Exchange, command: Command, expected: string): void =>
  assert.equal(answer(exchange.apply(command, 1)), expected);

/** What must hold of limits and pairs; a seeded bug must make it throw. */
export function checkRisk(parts: Parts): void {
  checkLimits(parts);
  checkChanges(parts);
  checkPairs(parts);
  checkRepeatedPairs(parts);
}

function checkLimits(parts: Parts): void {
  const trade = [place({ account: 'x' }), place({ account: 'y', side: 1 })];
  const limits = risk({ maxQuantity: 9, maxNotional: 800, maxOpenNotional: 1_000, maxDistance: 500 });
  const first = started(parts, [...trade, limits, risk({ maxQuantity: 20 }, 'b')]);
  for (const exchange of [first, parts.snapshot.decodeExchange(parts.snapshot.encodeExchange(first))]) {
    expect(exchange, place({ price: 1, quantity: 10 }), 'orderTooLarge');
    expect(exchange, place({ price: 1, quantity: 20, account: 'b' }), 'order');
    expect(exchange, place({ quantity: 9 }), 'notionalTooLarge');
    expect(exchange, place({ quantity: 8 }), 'order');
    expect(exchange, place({ quantity: 3 }), 'openNotionalTooLarge');
    expect(exchange, place({ account: 'c', price: 106, quantity: 1 }), 'priceTooFar');
    expect(exchange, place({ account: 'c', price: 94, quantity: 1, side: 1 }), 'priceTooFar');
    expect(exchange, place({ account: 'c', price: 1, quantity: 1 }), 'order');
    // What has traded is no longer at risk.
    expect(exchange, place({ account: 'd', quantity: 6, side: 1 }), 'order');
    expect(exchange, place({ quantity: 8 }), 'order');
  }
}

function checkChanges(parts: Parts): void {
  const exchange = started(parts, [place({ quantity: 9 }), risk({ maxQuantity: 5 })]);
  expect(exchange, replace(3, 0, 8), 'order');
  expect(exchange, replace(3, 100, 9), 'orderTooLarge');
}

function checkPairs(parts: Parts): void {
  const trade = [place({ account: 'x' }), place({ account: 'y', side: 1 })];
  const refused = (more: readonly Command[], command: Command, expected: string): void => {
    const exchange = started(parts, [...trade, ...more]);
    const { sequence } = exchange;
    expect(exchange, command, expected);
    assert.equal(exchange.sequence, sequence + 2);
    assert.equal(exchange.orders.openCount('a'), 0);
    assert.equal(
      exchange.orders.closedOrders().some(({ account, reason }) => account === 'a' && reason === 0),
      false,
    );
  };
  refused([], pair(100), 'wouldTrigger');
  refused([place({ account: 'x', price: 110 })], pair(90, { postOnly: true }), 'wouldMatch');
  refused([risk({ maxNotional: 500 })], pair(90), 'notionalTooLarge');
  const limited = started(parts, [...trade, risk({ maxNotional: 500 })]);
  limited.apply(pair(90), 1);
  // Refused before anything of it was placed: nothing of it is remembered.
  assert.equal(limited.orders.get(5), undefined);
}

function checkRepeatedPairs(parts: Parts): void {
  const trade = [place({ account: 'x' }), place({ account: 'y', side: 1 })];
  const named = pair(90, {}, ['s', 'l']);
  const exchange = started(parts, [...trade, named]);
  assert.deepEqual(
    exchange.orders.openOf('a').map(({ id }) => id),
    [5, 6],
  );
  assert.equal(exchange.markets.get('BTC-EUR')?.partnerOf(6), 5);
  expect(exchange, named, 'pair');
  assert.equal(exchange.orders.openCount('a'), 2);
  expect(exchange, pair(90, { price: 111 }, ['s', 'l']), 'duplicateClientOrderId');
  expect(exchange, pair(90, {}, ['s', 'm']), 'duplicateClientOrderId');
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Command, NO_LIMITS, type RiskLimits } from './command.ts';
import { Exchange } from './exchange.ts';
import { type RiskOrder, riskRefusal } from './risk.ts';
import { decodeExchange, encodeExchange } from './snapshot.ts';
import { commands, listing, place, risk } from './testing/command-flow.ts';

const buy: RiskOrder = { isSell: false, price: 100, stopPrice: 0, quantity: 10, stays: true };

describe('one order', () => {
  const limited = (limits: Partial<RiskLimits>, order: Partial<RiskOrder> = {}, lastPrice = 100, open = 0) =>
    riskRefusal({ ...NO_LIMITS, ...limits }, { ...buy, ...order }, lastPrice, () => open);

  it.each([
    ['no limit', {}, {}, undefined],
    ['as much as may be ordered', { maxQuantity: 10 }, {}, undefined],
    ['a lot more', { maxQuantity: 9 }, {}, 'orderTooLarge'],
    ['as much as it may be worth', { maxNotional: 1_000 }, {}, undefined],
    ['worth more', { maxNotional: 999 }, {}, 'notionalTooLarge'],
    ['a market order, at the last price', { maxNotional: 999 }, { price: 0 }, 'notionalTooLarge'],
    ['a stop at market, at its stop price', { maxNotional: 999 }, { price: 0, stopPrice: 99 }, undefined],
    ['what cannot be open', { maxOpenNotional: 1 }, { stays: false }, undefined],
    ['a buy as far above as it may be', { maxDistance: 100 }, { price: 101 }, undefined],
    ['a buy a tick farther', { maxDistance: 100 }, { price: 102 }, 'priceTooFar'],
    ['a buy far below, where it harms nobody', { maxDistance: 100 }, { price: 1 }, undefined],
    ['a sell as far below as it may be', { maxDistance: 100 }, { price: 99, isSell: true }, undefined],
    ['a sell a tick farther', { maxDistance: 100 }, { price: 98, isSell: true }, 'priceTooFar'],
    ['a stop, from its own price', { maxDistance: 100 }, { price: 150, stopPrice: 149 }, undefined],
    [
      'beyond 2^53',
      { maxNotional: Number.MAX_SAFE_INTEGER },
      { price: 2 ** 31, quantity: 2 ** 31 },
      'notionalTooLarge',
    ],
  ] as const)('%s', (_name, limits, order, refusal) => {
    expect(limited(limits, order)).toBe(refusal);
  });

  it('open orders count together with it', () => {
    expect(limited({ maxOpenNotional: 1_500 }, {}, 100, 500)).toBeUndefined();
    expect(limited({ maxOpenNotional: 1_500 }, {}, 100, 501)).toBe('openNotionalTooLarge');
  });

  it('before the first trade: a market order cannot be measured, a limit order passes the distance', () => {
    expect(limited({ maxNotional: 1 }, { price: 0 }, 0)).toBe('noLastPrice');
    expect(limited({ maxDistance: 1 }, { price: 5_000 }, 0)).toBeUndefined();
  });
});

function started(tape: readonly Command[]): Exchange {
  const exchange = new Exchange();
  for (const command of [...listing, ...tape]) exchange.apply(command, 1);
  return exchange;
}

const refusalOf = (exchange: Exchange, command: Command): string => {
  const outcome = exchange.apply(command, 1);
  return outcome.kind === 'refused' ? outcome.refusal : outcome.kind;
};
const replace = (orderId: number, price: number, quantity: number): Command => {
  return { kind: 'replace', timeMs: 9, account: 'a', orderId, price, quantity };
};

describe('an exchange with limits', () => {
  it('holds everybody to those of all, and who has own ones to those; they outlive a snapshot', () => {
    const tape = [
      risk({ maxQuantity: 5 }),
      risk({ maxQuantity: 9 }, 'b'),
      { kind: 'accountOrders', account: 'c', maxOrders: 1 },
    ];
    const exchange = started(tape as Command[]);
    for (const state of [exchange, decodeExchange(encodeExchange(exchange))]) {
      expect(refusalOf(state, place({ quantity: 6 }))).toBe('orderTooLarge');
      expect(refusalOf(state, place({ quantity: 6, account: 'b' }))).toBe('order');
      expect(refusalOf(state, place({ quantity: 10, account: 'b' }))).toBe('orderTooLarge');
      expect(refusalOf(state, place({ quantity: 6, symbol: 'ETH-EUR' }))).toBe('order');
      expect(refusalOf(state, place({ account: 'c' }))).toBe('order');
      expect(refusalOf(state, place({ account: 'c' }))).toBe('tooManyOpenOrders');
      expect(refusalOf(state, place({ account: 'd' }))).toBe('order');
    }
    expect(refusalOf(started([...(tape as Command[]), risk({})]), place({ quantity: 6 }))).toBe('order');
  });

  it('counts what is open, not what was filled, cancelled or is in another symbol', () => {
    const exchange = started([
      risk({ maxOpenNotional: 1_000 }),
      place({ quantity: 6 }),
      place({ quantity: 9, symbol: 'ETH-EUR' }),
    ]);
    expect(refusalOf(exchange, place())).toBe('openNotionalTooLarge');
    expect(refusalOf(exchange, place({ account: 'b' }))).toBe('order');
    expect(refusalOf(exchange, place({ account: 'b', side: 1, quantity: 4 }))).toBe('order');
    expect(refusalOf(exchange, place({ quantity: 4 }))).toBe('order');
  });

  it('lets an order be made smaller and nothing larger, whatever the limits became', () => {
    const exchange = started([
      place({ quantity: 9 }),
      risk({ maxQuantity: 5, maxNotional: 500, maxOpenNotional: 500 }),
    ]);
    expect(refusalOf(exchange, replace(3, 0, 8))).toBe('order');
    expect(refusalOf(exchange, replace(3, 99, 8))).toBe('order');
    expect(refusalOf(exchange, replace(3, 100, 8))).toBe('orderTooLarge');
    expect(refusalOf(exchange, replace(3, 0, 4))).toBe('order');
    expect(refusalOf(exchange, replace(3, 125, 0))).toBe('order');
    expect(refusalOf(exchange, replace(3, 126, 0))).toBe('notionalTooLarge');
  });

  it('a client order id that was refused is free, and one that was taken is answered, whatever the limits are', () => {
    const exchange = started([place({ clientOrderId: 'one', quantity: 9 }), risk({ maxQuantity: 5 })]);
    expect(exchange.apply(place({ clientOrderId: 'one', quantity: 9 }), 1)).toMatchObject({ repeated: true });
    expect(refusalOf(exchange, place({ clientOrderId: 'two', quantity: 9 }))).toBe('orderTooLarge');
    expect(refusalOf(exchange, place({ clientOrderId: 'two', quantity: 5 }))).toBe('order');
  });

  it('no tape gets an account above its open notional', () => {
    fc.assert(
      fc.property(commands, (tape) => {
        const exchange = started([risk({ maxOpenNotional: 1_200 })]);
        for (const command of tape) {
          if (command.kind !== 'risk') exchange.apply(command, 1);
          for (const account of ['a', 'b', '__proto__', 'ü']) {
            const open = exchange.orders.openOf(account).filter(({ market }) => market.config.name === 'BTC-EUR');
            const worth = open.map(
              ({ price, quantity, filled, extra }) => (price || (extra?.stopPrice ?? 0)) * (quantity - filled),
            );
            // Of a pair only one order can trade: it counts once, as the dearer one.
            const halves = open.map(({ extra }, index) => ((extra?.linkedTo ?? 0) > 0 ? (worth[index] ?? 0) : 0));
            const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
            expect(sum(worth) - sum(halves)).toBeLessThanOrEqual(1_200);
          }
        }
      }),
    );
  });
});

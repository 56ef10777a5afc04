import fc from 'fast-check';
import { type Command, type ExtraTerms, type Leg, NO_EXTRA, NO_LIMITS, type RiskLimits } from '../command.ts';

export const btc = { name: 'BTC-EUR', tickSize: '0.01', lotSize: '0.0001' };
export const eth = { name: 'ETH-EUR', tickSize: '0.05', lotSize: '0.001' };
export const listing: readonly Command[] = [
  { kind: 'symbol', ...btc },
  { kind: 'symbol', ...eth },
];

/** A limit order for tests: `buy 5 @ 100` of account a, without a client id, unless told otherwise. */
export function place(overrides: Partial<Extract<Command, { kind: 'place' }>> = {}): Command {
  return {
    kind: 'place',
    timeMs: 1_000,
    account: 'a',
    clientOrderId: '',
    symbol: 'BTC-EUR',
    side: 0,
    type: 'limit',
    timeInForce: 'GTC',
    postOnly: false,
    price: 100,
    quantity: 5,
    ...overrides,
  };
}

/** The limit of a pair, above the orders of `place`: `sell 5 @ 110`, without a client id. */
export const limitLeg: Leg = {
  clientOrderId: '',
  side: 1,
  type: 'limit',
  timeInForce: 'GTC',
  postOnly: false,
  price: 110,
  quantity: 5,
  extra: NO_EXTRA,
};

/** Limits in the symbol of `place`, of all accounts unless told otherwise. */
export function risk(limits: Partial<RiskLimits>, account = ''): Command {
  return { kind: 'risk', account, symbol: 'BTC-EUR', ...NO_LIMITS, ...limits };
}

const timeMs = fc.integer({ min: 0, max: 2 ** 41 });
const account = fc.constantFrom('a', 'b', '__proto__', 'ü');
// Small numbers, so that commands meet orders: ids are the sequences of the commands before.
const orderId = fc.integer({ min: 1, max: 60 });
const price = fc.integer({ min: 95, max: 105 });
const quantity = fc.integer({ min: 1, max: 9 });

const zeroOr = (value: fc.Arbitrary<number>): fc.Arbitrary<number> => fc.oneof(fc.constant(0), fc.constant(0), value);
const extraTerms: fc.Arbitrary<ExtraTerms> = fc.record({
  stopPrice: zeroOr(price),
  displayQuantity: zeroOr(fc.integer({ min: 1, max: 4 })),
  selfTrade: fc.constantFrom('allow', 'cancelNewest', 'cancelOldest', 'cancelBoth', 'decrement'),
  expiresMs: zeroOr(timeMs),
  linkedTo: zeroOr(orderId),
});

const clientOrderId = fc.constantFrom('', '', '1', '2', '3', '__proto__', 'constructor');
const side = fc.constantFrom(0 as const, 1 as const);

const pairs: fc.Arbitrary<Command> = fc
  .record({
    timeMs,
    account,
    symbol: fc.constantFrom('BTC-EUR', 'BTC-EUR', 'XXX'),
    side,
    quantity,
    ids: fc.constantFrom(['', ''], ['', ''], ['1', '2'], ['2', '1'], ['4', '5']),
    stopPrice: price,
    stopLimit: zeroOr(price),
    limitPrice: price,
    postOnly: fc.boolean(),
  })
  .map(({ ids, stopPrice, stopLimit, limitPrice, postOnly, side: own, quantity: lots, ...names }) => {
    const common = { side: own, quantity: lots };
    const [stopId = '', limitId = ''] = ids;
    return {
      ...names,
      kind: 'pair',
      stop: {
        ...common,
        clientOrderId: stopId,
        type: stopLimit === 0 ? 'market' : 'limit',
        timeInForce: stopLimit === 0 ? 'IOC' : 'GTC',
        postOnly: false,
        price: stopLimit,
        extra: { ...NO_EXTRA, stopPrice },
      },
      limit: {
        ...common,
        clientOrderId: limitId,
        type: 'limit',
        timeInForce: 'GTC',
        postOnly,
        price: limitPrice,
        extra: NO_EXTRA,
      },
    };
  });

/** Commands as clients send them, good and bad: repeated client ids, dead orders, unknown symbols, full accounts. */
export const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .record({
          timeMs,
          account,
          clientOrderId,
          symbol: fc.constantFrom('BTC-EUR', 'BTC-EUR', 'ETH-EUR', 'XXX'),
          side,
          price,
          quantity,
          kind: fc.constantFrom('gtc', 'gtc', 'gtc', 'ioc', 'fok', 'post', 'market'),
          extra: fc.option(extraTerms, { nil: undefined }),
        })
        .map(({ kind, price: limit, extra, ...rest }): Command => {
          const market = kind === 'market';
          return {
            ...rest,
            ...(extra !== undefined && { extra }),
            kind: 'place',
            type: market ? 'market' : 'limit',
            timeInForce: market || kind === 'ioc' ? 'IOC' : kind === 'fok' ? 'FOK' : 'GTC',
            postOnly: kind === 'post',
            price: market ? 0 : limit,
          };
        }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), timeMs, account, orderId }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('replace' as const),
        timeMs,
        account,
        orderId,
        price: fc.oneof(fc.constant(0), price),
        quantity: fc.oneof(fc.constant(0), quantity),
      }),
    },
    { weight: 1, arbitrary: pairs },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('risk' as const),
        account: fc.oneof(fc.constant(''), account),
        symbol: fc.constantFrom('BTC-EUR', 'XXX'),
        maxQuantity: fc.constantFrom(0, 7),
        maxNotional: fc.constantFrom(0, 0, 700),
        maxOpenNotional: fc.constantFrom(0, 0, 1_500),
        maxDistance: fc.constantFrom(0, 200),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('accountOrders' as const),
        account,
        maxOrders: fc.constantFrom(0, 2),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const), timeMs }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('phase' as const),
        timeMs,
        symbol: fc.constantFrom('BTC-EUR', 'XXX'),
        phase: fc.constantFrom('continuous' as const, 'continuous' as const, 'call' as const, 'halted' as const),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('band' as const),
        symbol: fc.constantFrom('BTC-EUR', 'XXX'),
        lowest: fc.constantFrom(1, 97),
        highest: fc.constantFrom(2_147_483_646, 103),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('kill' as const), timeMs, account, blocked: fc.boolean() }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('limits' as const),
        maxOrdersPerAccount: fc.integer({ min: 1, max: 20 }),
        closedOrdersKept: fc.integer({ min: 0, max: 30 }),
      }),
    },
  ),
  { maxLength: 80 },
);

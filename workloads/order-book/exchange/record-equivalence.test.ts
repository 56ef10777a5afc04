import fc from 'fast-check';
import { expect, it } from 'vitest';
import { clientIdText } from './client-ids.ts';
import { type Command, NO_EXTRA } from './command.ts';
import { Exchange } from './exchange.ts';
import { RecordKind } from './record.ts';
import { digest } from './snapshot.ts';
import { listing } from './testing/command-flow.ts';
import { type RecordFields, recordBytes } from './testing/record-bytes.ts';

const accounts = ['a', 'b', 'c'];
const symbols = ['BTC-EUR', 'ETH-EUR'];
const kinds = ['gtc', 'gtc', 'gtc', 'ioc', 'fok', 'post', 'market'] as const;

interface Step {
  readonly record: RecordFields;
  readonly command: Command;
}

const placeStep = fc
  .record({
    account: fc.nat(2),
    symbol: fc.nat(1),
    side: fc.constantFrom(0 as const, 1 as const),
    kind: fc.constantFrom(...kinds),
    selfTrade: fc.constantFrom('allow' as const, 'cancelOldest' as const, 'decrement' as const),
    id: fc.oneof(fc.constant(0n), fc.bigInt(1n, 5n), fc.bigInt(2n ** 64n - 3n, 2n ** 64n - 1n)),
    price: fc.integer({ min: 95, max: 105 }),
    quantity: fc.integer({ min: 1, max: 9 }),
    stopPrice: fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 95, max: 105 })),
    displayQuantity: fc.oneof(fc.constant(0), fc.constant(0), fc.constant(1)),
  })
  .map(({ account, symbol, kind, id, ...row }): Step => {
    const isMarket = kind === 'market';
    const timeInForce = isMarket || kind === 'ioc' ? 'IOC' : kind === 'fok' ? 'FOK' : 'GTC';
    const stopPrice = kind === 'post' ? 0 : row.stopPrice;
    const displayQuantity = timeInForce === 'GTC' ? row.displayQuantity : 0;
    const price = isMarket ? 0 : row.price;
    const { side, selfTrade, quantity } = row;
    const terms = {
      side,
      type: isMarket ? 'market' : 'limit',
      timeInForce,
      postOnly: kind === 'post',
      selfTrade,
    } as const;
    return {
      record: { terms, symbol, account: account + 1, id, price, quantity, stopPrice, displayQuantity },
      command: {
        kind: 'place',
        timeMs: 1_000,
        account: accounts[account] ?? '',
        clientOrderId: clientIdText(Number(id & 0xffffffffn), Number(id >> 32n)),
        symbol: symbols[symbol] ?? '',
        ...terms,
        price,
        quantity,
        extra: { ...NO_EXTRA, stopPrice, displayQuantity, selfTrade },
      },
    };
  });

const changeStep = fc
  .record({
    account: fc.nat(2),
    id: fc.integer({ min: 1, max: 60 }),
    replace: fc.boolean(),
    price: fc.oneof(fc.constant(0), fc.integer({ min: 95, max: 105 })),
    quantity: fc.nat(9),
  })
  .map(({ account, id, replace, price, quantity }): Step => {
    const change = { timeMs: 1_000, account: accounts[account] ?? '', orderId: id };
    const kind = replace ? RecordKind.replace : RecordKind.cancel;
    return {
      record: { kind, account: account + 1, id, price: replace ? price : 0, quantity: replace ? quantity : 0 },
      command: replace ? { kind: 'replace', ...change, price, quantity } : { kind: 'cancel', ...change },
    };
  });

function started(): Exchange {
  const exchange = new Exchange();
  for (const command of listing) exchange.apply(command, 1);
  for (const account of accounts) exchange.apply({ kind: 'account', account }, 1);
  exchange.apply({ kind: 'limits', maxOrdersPerAccount: 9, closedOrdersKept: 12 }, 1);
  return exchange;
}

it('a record does what the command of the same meaning does', () => {
  const steps = fc.array(fc.oneof({ weight: 4, arbitrary: placeStep }, { weight: 2, arbitrary: changeStep }), {
    maxLength: 90,
  });
  fc.assert(
    fc.property(steps, (tape) => {
      const [byRecord, byCommand] = [started(), started()];
      byRecord.applyRecords(recordBytes(tape.map(({ record }) => record)), 1);
      for (const { command } of tape) byCommand.apply(command, 1);
      expect(digest(byRecord)).toBe(digest(byCommand));
      expect(byRecord.tally).toEqual(byCommand.tally);
    }),
    { numRuns: 300 },
  );
});

it('any 40 bytes are answered, and the state stays one that a snapshot gives back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 400, maxLength: 400 }), fc.nat(9), (noise, whole) => {
      const exchange = started();
      const bytes = recordBytes(Array.from({ length: 10 }, (_, index) => ({ id: index, terms: { side: 0 } })));
      // Noise, but some fields of some records are good.
      for (let at = 0; at < 400; at++) if (at % 40 > whole * 4) bytes[at] = noise[at] ?? 0;
      expect(exchange.applyRecords(bytes, 1)).toHaveLength(320);
      expect(exchange.sequence).toBe(started().sequence + 10);
      expect(digest(exchange)).toHaveLength(64);
    }),
  );
});

import type { OrderBook, RiskLimits } from '@sluice/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSymbols } from '../../../workloads/order-book/symbols.ts';
import { limitsRefusal } from './limits.ts';
import { configText } from './settings.ts';
import { specOf } from './testing/world.ts';

function bookOf(spec: Partial<OrderBook['spec']>): OrderBook {
  return { apiVersion: '', kind: 'OrderBook', metadata: { name: 'spot' }, spec: { ...specOf(), ...spec } };
}

const btc = { name: 'BTC-EUR', tickSize: '0.01', lotSize: '0.0001' };
const limited = (risk: RiskLimits) => ({ symbols: [{ ...btc, risk }] });

describe('a limit that cannot be carried out is named', () => {
  it.each([
    [
      'less than a lot',
      limited({ maxQuantity: '0.00009' }),
      'spec.symbols[0].risk.maxQuantity 0.00009 must be at least one lot',
    ],
    [
      'less than a tick of a lot',
      limited({ maxNotional: '0.0000009' }),
      'maxNotional 0.0000009 must be at least one tick × lot',
    ],
    ['beyond 2^53', limited({ maxOpenNotional: '9007199254.740992' }), 'spec.symbols[0].risk.maxOpenNotional'],
    [
      'of a symbol that is not there',
      { accounts: [{ name: 'a' }, { name: 'b', risk: [{ symbol: 'ETH-EUR' }] }] },
      'spec.accounts[1].risk[0].symbol ETH-EUR is not a symbol of this book',
    ],
  ])('%s', (_name, spec, sentence) => {
    const refusal = limitsRefusal(bookOf(spec));
    expect(refusal).toMatchObject({ reason: 'InvalidLimit', message: expect.stringContaining(sentence) });
    expect(() => parseSymbols(configText(bookOf(spec)))).toThrow();
  });

  it('and so is a file that no ConfigMap takes', () => {
    const symbols = Array.from({ length: 64 }, (_, n) => ({ ...btc, name: `S${n}` }));
    const risk = symbols.map(({ name }) => ({ symbol: name, maxNotional: '1', maxOpenNotional: '1' }));
    const accounts = Array.from({ length: 400 }, (_, n) => ({ name: `account-${n}`, risk }));
    expect(limitsRefusal(bookOf({ symbols, accounts }))).toMatchObject({ reason: 'TooLarge' });
    expect(limitsRefusal(bookOf({ symbols, accounts: accounts.slice(0, 100) }))).toBeUndefined();
  });
});

/** A decimal that the CRD lets in. */
const decimal = (whole: number, part: number) =>
  fc
    .tuple(
      fc.bigInt(0n, 10n ** BigInt(whole) - 1n),
      fc.integer({ min: 0, max: part }),
      fc.bigInt(0n, 10n ** BigInt(part) - 1n),
    )
    .map(([units, digits, rest]) =>
      digits === 0 ? `${units}` : `${units}.${String(rest).padStart(part, '0').slice(0, digits)}`,
    )
    .filter((text) => /[1-9]/.test(text));
const amount = fc.option(fc.oneof(decimal(18, 18), decimal(4, 10)), { nil: undefined });
const limits = fc
  .record({ maxQuantity: amount, maxNotional: amount, maxOpenNotional: amount })
  .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as RiskLimits);

it('what is let through, the program starts with; what is not, it would not', () => {
  fc.assert(
    fc.property(decimal(9, 9), decimal(9, 9), limits, limits, (tickSize, lotSize, risk, own) => {
      const spec = {
        symbols: [{ name: 'BTC-EUR', tickSize, lotSize, risk }],
        accounts: [{ name: 'alice', risk: [{ symbol: 'BTC-EUR', ...own }] }],
      };
      const book = bookOf(spec);
      if (limitsRefusal(book) === undefined) parseSymbols(configText(book));
      else expect(() => parseSymbols(configText(book))).toThrow('at least one step and below 2^53 steps');
    }),
    { numRuns: 2_000 },
  );
});

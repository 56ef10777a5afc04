import type { OrderBook, OrderBookSymbol, RiskLimits } from '@sluice/api';
import type { Refusal } from '../children/acceptance.ts';
import { configText } from './settings.ts';

// What the program would not start with, and the API server cannot tell: a book that runs must not be replaced by one that does not.

/** A ConfigMap takes 1 MiB. */
const LARGEST_CONFIG = 1_000_000;

/** Why the limits in spec cannot be carried out, naming the first wrong place; undefined when they can. */
export function limitsRefusal(book: OrderBook): Refusal | undefined {
  const { symbols, accounts = [] } = book.spec;
  const wrong =
    first(symbols, (symbol, index) => wrongLimit(symbol.risk, symbol, `spec.symbols[${index}].risk`)) ??
    first(accounts, ({ risk = [] }, place) =>
      first(risk, ({ symbol: name, ...limits }, index) => {
        const where = `spec.accounts[${place}].risk[${index}]`;
        const symbol = symbols.find((candidate) => candidate.name === name);
        if (symbol === undefined) return `${where}.symbol ${name} is not a symbol of this book`;
        return wrongLimit(limits, symbol, where);
      }),
    );
  if (wrong !== undefined) return { reason: 'InvalidLimit', message: `${wrong}. The last good state stays.` };
  const bytes = Buffer.byteLength(configText(book));
  if (bytes <= LARGEST_CONFIG) return undefined;
  const message = `Symbols and accounts take ${bytes} bytes as a file, more than the ${LARGEST_CONFIG} that fit into a ConfigMap. The last good state stays.`;
  return { reason: 'TooLarge', message };
}

function first<T>(list: readonly T[], find: (item: T, index: number) => string | undefined): string | undefined {
  for (const [index, item] of list.entries()) {
    const found = find(item, index);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Limits are whole steps in the journal: lots, or ticks × lots, and at most 2^53 − 1 of them. */
function wrongLimit(limits: RiskLimits | undefined, symbol: OrderBookSymbol, where: string): string | undefined {
  const lot = units(symbol.lotSize, 9);
  const tickLot = units(symbol.tickSize, 9) * lot;
  const steps = { maxQuantity: lot * 10n ** 9n, maxNotional: tickLot, maxOpenNotional: tickLot } as const;
  for (const [name, step] of Object.entries(steps) as [keyof typeof steps, bigint][]) {
    const amount = limits?.[name];
    if (amount === undefined) continue;
    const count = units(amount, 18) / step;
    if (count < 1n || count > BigInt(Number.MAX_SAFE_INTEGER)) {
      const unit = name === 'maxQuantity' ? 'lot' : 'tick × lot';
      return `${where}.${name} ${amount} must be at least one ${unit} and below 2^53 of them`;
    }
  }
  return undefined;
}

/** A decimal in units of 10^-scale. What is none was not let in by the API server. */
function units(decimal: string, scale: number): bigint {
  const [whole = '', part = ''] = decimal.split('.');
  return BigInt(whole + part.padEnd(scale, '0'));
}

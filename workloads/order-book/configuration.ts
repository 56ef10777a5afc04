import { CodedError } from '@sluice/kit';
import { errors } from './errors.ts';
import { type Command, NO_LIMITS, type RiskLimits, type SymbolConfig } from './exchange/command.ts';
import type { Exchange } from './exchange/exchange.ts';
import type { BookConfig } from './symbols.ts';

/** Closed orders that are remembered, and with them their client order ids. */
const CLOSED_ORDERS_KEPT = 100_000;

/**
 * The commands that bring the journal's configuration to that of the file. Throws SLUICE_SYMBOL_CHANGED when a symbol has other
 * steps than the orders in the journal were written with.
 */
export function configuration(exchange: Exchange, config: Omit<BookConfig, 'auth'>): Command[] {
  return [
    ...symbolCommands(exchange, config.symbols),
    ...limitCommands(exchange, config),
    ...riskCommands(exchange, config),
  ];
}

function symbolCommands(exchange: Exchange, symbols: readonly SymbolConfig[]): Command[] {
  return symbols.flatMap((symbol): Command[] => {
    const known = exchange.markets.get(symbol.name)?.config;
    if (known === undefined) return [{ kind: 'symbol', ...symbol }];
    if (known.tickSize === symbol.tickSize && known.lotSize === symbol.lotSize) return [];
    const sentence = `${symbol.name} has tick ${known.tickSize} and lot ${known.lotSize} in the journal, not ${symbol.tickSize} and ${symbol.lotSize}: orders rest in the old steps. Give the old values, or the symbol another name.`;
    throw new CodedError(errors.symbolChanged, sentence);
  });
}

function limitCommands(exchange: Exchange, { limits, accounts }: Omit<BookConfig, 'auth'>): Command[] {
  const { maxOrdersPerAccount } = limits;
  const current = exchange.limits;
  const commands: Command[] = [];
  if (current.maxOrdersPerAccount !== maxOrdersPerAccount || current.closedOrdersKept !== CLOSED_ORDERS_KEPT) {
    commands.push({ kind: 'limits', maxOrdersPerAccount, closedOrdersKept: CLOSED_ORDERS_KEPT });
  }
  const { maxOrders: known } = exchange.risk;
  for (const account of new Set([...known.keys(), ...(accounts?.keys() ?? [])])) {
    const maxOrders = accounts?.get(account)?.maxOrders ?? 0;
    if (maxOrders !== (known.get(account) ?? 0)) commands.push({ kind: 'accountOrders', account, maxOrders });
  }
  return commands;
}

function riskCommands(exchange: Exchange, { risk = [] }: Omit<BookConfig, 'auth'>): Command[] {
  const key = (account: string, symbol: string): string => JSON.stringify([account, symbol]);
  const left = new Map<string, Command>();
  const same = new Set<string>();
  for (const [account, market, limits] of exchange.risk.entries()) {
    const symbol = exchange.marketAt(market)?.config.name ?? '';
    const asked = risk.find((rule) => rule.account === account && rule.symbol === symbol)?.limits;
    if (asked === undefined) left.set(key(account, symbol), { kind: 'risk', account, symbol, ...NO_LIMITS });
    else if (isSame(asked, limits)) same.add(key(account, symbol));
  }
  const wanted = risk.filter(({ account, symbol }) => !same.has(key(account, symbol)));
  return [
    ...left.values(),
    ...wanted.map(({ account, symbol, limits }): Command => ({ kind: 'risk', account, symbol, ...limits })),
  ];
}

function isSame(left: RiskLimits, right: RiskLimits): boolean {
  return (
    left.maxQuantity === right.maxQuantity &&
    left.maxNotional === right.maxNotional &&
    left.maxOpenNotional === right.maxOpenNotional &&
    left.maxDistance === right.maxDistance
  );
}

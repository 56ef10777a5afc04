import { CodedError } from '@sluice/kit';
import { errors } from '../../errors.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Market } from '../../exchange/market.ts';

/** What Binance calls a symbol: the name without what stands between its parts, such as BTCEUR for BTC-EUR. */
export function binanceName(symbol: string): string {
  return symbol.replaceAll(/[-._]/g, '');
}

/** Throws SLUICE_AMBIGUOUS_SYMBOL when two of `symbols` have one Binance name: a client's order would be a guess. */
export function checkBinanceNames(symbols: readonly string[]): void {
  const known = new Map<string, string>();
  for (const symbol of symbols) {
    const name = binanceName(symbol);
    const other = known.get(name);
    if (other !== undefined) {
      const sentence = `The symbols ${other} and ${symbol} are both ${name} for Binance-shaped clients: rename one.`;
      throw new CodedError(errors.ambiguousSymbol, sentence);
    }
    known.set(name, symbol);
  }
}

/** Finds markets by their Binance name. One that is no longer listed gives way to a listed one of the same name. */
export class BinanceSymbols {
  private readonly exchange: Exchange;
  private readonly listed: ReadonlySet<string>;
  /** Of as many markets as `known` says: a book may learn further ones, and forgets none. */
  private byName: ReadonlyMap<string, Market> = new Map();
  private known = 0;

  constructor(exchange: Exchange, listed: ReadonlySet<string>) {
    this.exchange = exchange;
    this.listed = listed;
  }

  /** Markets that take orders. */
  all(): Market[] {
    return [...this.exchange.markets.values()].filter(({ config }) => this.listed.has(config.name));
  }

  find(name: string): Market | undefined {
    const { markets } = this.exchange;
    if (markets.size !== this.known) this.byName = this.index();
    this.known = markets.size;
    return this.byName.get(name);
  }

  private index(): Map<string, Market> {
    const markets = [...this.exchange.markets.values()];
    const isListed = ({ config }: Market): boolean => this.listed.has(config.name);
    // The last one of a name stays.
    const ordered = [...markets.filter((market) => !isListed(market)), ...markets.filter(isListed)];
    return new Map(ordered.map((market) => [binanceName(market.config.name), market]));
  }
}

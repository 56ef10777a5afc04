import { createMetrics, type createRegistry } from '@sluice/runtime/telemetry';
import type { SymbolConfig } from './exchange/command.ts';
import type { Exchange } from './exchange/exchange.ts';
import type { Sequencer } from './exchange/sequencer.ts';
import type { Store } from './exchange/store.ts';
import { type BookMetrics, orderBookMetrics } from './metrics.ts';

/** A rate needs a series that begins at 0: one that is born with its first order hides it. */
export function createBookMetrics(
  registry: ReturnType<typeof createRegistry>,
  symbols: readonly SymbolConfig[],
): BookMetrics {
  const metrics = createMetrics(orderBookMetrics, registry);
  for (const { name } of symbols) metrics.trades.inc({ symbol: name }, 0);
  for (const kind of ['place', 'pair', 'cancel', 'replace']) {
    for (const result of ['accepted', 'repeated', 'refused']) metrics.commands.inc({ kind, result }, 0);
  }
  return metrics;
}

/** From now on gauges and trades are read from the book when they are asked for: of all doors, and at no cost for an order. */
export function observeBook(metrics: BookMetrics, store: Store, sequencer: Sequencer): void {
  const { exchange } = store;
  const collect = (): void => {
    for (const [symbol, { book }] of exchange.markets) metrics.openOrders.set({ symbol }, book.size);
    metrics.sequence.set(exchange.sequence);
    metrics.epoch.set(store.epoch);
    metrics.pending.set(sequencer.pending);
    metrics.journalUp.set(sequencer.failure === undefined ? 1 : 0);
  };
  Object.assign(metrics.openOrders, { collect });
  Object.assign(metrics.trades, { collect: tradesSince(metrics, exchange) });
}

/** Counts trades from their sequences. */
function tradesSince(metrics: BookMetrics, { markets }: Exchange): () => void {
  const counted = new Map<string, number>();
  for (const [symbol, { tradeSequence }] of markets) counted.set(symbol, tradeSequence);
  return () => {
    for (const [symbol, { tradeSequence }] of markets) {
      metrics.trades.inc({ symbol }, tradeSequence - (counted.get(symbol) ?? 0));
      counted.set(symbol, tradeSequence);
    }
  };
}

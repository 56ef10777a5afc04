import type { Clock } from '@sluice/runtime/clock';
import { createLogger, createMetrics, createRegistry } from '@sluice/runtime/telemetry';
import { Exchange } from '../exchange/exchange.ts';
import { Sequencer } from '../exchange/sequencer.ts';
import { createRateLimit } from '../gateway/rate-limit.ts';
import type { Journal } from '../journal/journal.ts';
import { orderBookMetrics } from '../metrics.ts';

export const SYMBOL = { name: 'BTC-EUR', tickSize: '0.05', lotSize: '0.003' } as const;
const START_MS = Date.UTC(2027, 0, 1);
/** Open orders that an account may have; the kill switch empties it between two inputs. */
const MAX_ORDERS = 1_000;

/** A book in memory with what both doors need of it, for a fuzzer: real but for disk, network and clock. */
export type FuzzBook = Awaited<ReturnType<typeof openFuzzBook>>;

export async function openFuzzBook() {
  let elapsed = 0;
  const clock: Clock = {
    now: () => START_MS,
    // A second per look: nobody is ever limited by the rate.
    monotonic: () => {
      elapsed += 1_000;
      return elapsed;
    },
    setTimer: () => () => undefined,
  };
  const exchange = new Exchange();
  const sequencer = new Sequencer({ exchange, journal: createJournal(), epoch: 1, maxPending: 10_000 });
  const registry = createRegistry();
  const log = createLogger('fuzz', 'silent');
  await sequencer.submit({ kind: 'symbol', ...SYMBOL });

  /** Leaves nothing of earlier inputs: no open order, no client order id, and the same last price. */
  function clear(): void {
    const apply = exchange.apply.bind(exchange);
    for (const blocked of [true, false]) apply({ kind: 'kill', timeMs: START_MS, account: 'fuzz', blocked }, 1);
    for (const [account, side] of [
      ['maker', 0],
      ['taker', 1],
    ] as const) {
      const terms = { type: 'limit', timeInForce: 'GTC', postOnly: false, price: 1_000, quantity: 1 } as const;
      const command = {
        kind: 'place',
        timeMs: START_MS,
        account,
        clientOrderId: '',
        symbol: SYMBOL.name,
        side,
      } as const;
      apply({ ...command, ...terms }, 1);
    }
    for (const closedOrdersKept of [0, 64]) {
      apply({ kind: 'limits', maxOrdersPerAccount: MAX_ORDERS, closedOrdersKept }, 1);
    }
  }

  clear();
  return {
    clock,
    log,
    registry,
    exchange,
    sequencer,
    metrics: createMetrics(orderBookMetrics, registry),
    listed: new Set<string>([SYMBOL.name]),
    rateLimit: createRateLimit(clock, 1_000_000),
    maxOpenOrders: MAX_ORDERS,
    refusal: () => undefined,
    clear,
  };
}

/** Forgets what it is given. */
function createJournal(): Journal {
  let lastSequence = 0;
  return {
    get lastSequence() {
      return lastSequence;
    },
    append: async ({ count }) => {
      lastSequence += count;
    },
    discardThrough: async () => undefined,
    close: async () => undefined,
  };
}

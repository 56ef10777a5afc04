import { createServer } from 'node:net';
import {
  type AuthConfig,
  type CodedError,
  createAdminServer,
  createHealth,
  createService,
  createTokenVerifier,
  type Health,
  type ShutdownStep,
} from '@sluice/kit';
import type { Clock } from '@sluice/runtime/clock';
import { createMetrics, createRegistry, type Logger, type Metrics } from '@sluice/runtime/telemetry';
import { type DoorLimits, startBinaryDoor } from './binary/door.ts';
import { configuration } from './configuration.ts';
import type { Exchange } from './exchange/exchange.ts';
import { Sequencer } from './exchange/sequencer.ts';
import { Store, type StoreOptions } from './exchange/store.ts';
import { createOrderEntry } from './gateway/order-entry.ts';
import { createRateLimit } from './gateway/rate-limit.ts';
import { addRoutes } from './gateway/routes.ts';
import { checkBinanceNames } from './market-data/binance/symbols.ts';
import { addMarketData } from './market-data/market-data.ts';
import { orderBookMetrics } from './metrics.ts';
import {
  Publication,
  type PublicationOptions,
  type PublicationReport,
  type PublicationStatus,
} from './publisher/publication.ts';
import type { BookConfig } from './symbols.ts';

export interface BookServiceOptions {
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly config: Omit<BookConfig, 'auth'>;
  readonly store: Omit<StoreOptions, 'log'>;
  readonly host: string;
  readonly port: number;
  /** Absent: metrics and health are not served. */
  readonly adminPort?: number | undefined;
  /** Absent: the binary port is not opened. */
  readonly binary?: { readonly port: number; readonly limits?: Partial<DoorLimits> } | undefined;
  /** Absent: trades are not published to a broker. */
  readonly publish?: Pick<PublicationOptions, 'target' | 'maxOutboxBytes' | 'keepBytes'> | undefined;
  /** Commands that may wait for the disk. */
  readonly maxPending: number;
  /** Open orders of all accounts and symbols together. */
  readonly maxOpenOrders: number;
  readonly auth: AuthConfig | undefined;
}

export interface BookService {
  /** Where it answers, such as `http://127.0.0.1:8080`. */
  readonly address: string;
  readonly adminPort: number | undefined;
  readonly binaryPort: number | undefined;
  readonly store: Store;
  /** Undefined when nothing is published, or nothing is known of it yet. */
  readonly publication: () => PublicationReport | undefined;
  readonly health: Health;
  /** What a graceful stop does, in order. */
  readonly stopSteps: readonly ShutdownStep[];
}

const SWEEP_MS = 500;

/**
 * Starts one book: health, then the data directory, then the doors. Rejects before it has made anything when the port is taken, and
 * with the coded errors of the store.
 */
export async function startBook(options: BookServiceOptions): Promise<BookService> {
  const { version, clock, log, config, host, port } = options;
  checkBinanceNames(config.symbols.map(({ name }) => name));
  const registry = createRegistry();
  const health = createHealth();
  let exchange: Exchange | undefined;
  health.addReadiness('journal', () => (exchange === undefined ? 'not replayed yet' : undefined));
  const admin = createAdminServer({ registry, health });
  await checkPort(host, port);
  if (options.binary !== undefined) await checkPort(host, options.binary.port);
  const adminPort = options.adminPort === undefined ? undefined : await admin.listen(options.adminPort, host);

  const { directory } = options.store;
  const publication =
    options.publish === undefined
      ? undefined
      : new Publication({ clock, log, registry, directory, ...options.publish });
  const store = await Store.open({ ...options.store, ...publication?.hooks, log });
  const metrics = createMetrics(orderBookMetrics, registry);
  const sequencer = new Sequencer({
    exchange: store.exchange,
    journal: store.journal,
    epoch: store.epoch,
    maxPending: options.maxPending,
    onCommit: (commands, bytes) => {
      metrics.commitCommands.observe(commands);
      metrics.journalBytes.inc(bytes);
    },
    onQuiet: () => store.snapshotIfDue(),
  });
  startSeries(metrics, config);
  observe(metrics, store, sequencer);
  // A restart reads the disk afresh; nothing else helps a journal that stopped for good.
  health.addLiveness('journal', () => sequencer.failure?.message);
  const auth = options.auth === undefined ? undefined : createTokenVerifier({ config: options.auth.jwt, registry });
  const app = createService({ name: 'Sluice order book', version, log, registry, health, auth });
  const listed = new Set(config.symbols.map(({ name }) => name));
  const ownRates = [...(config.accounts ?? [])].map(([account, own]) => [account, own.ordersPerSecond] as const);
  const rateLimit = createRateLimit(clock, config.limits.ordersPerSecondPerAccount, new Map(ownRates));
  const { exchange: book } = store;
  const { maxOpenOrders } = options;
  const refusal = (): CodedError | undefined => publication?.refusal();
  const orders = { clock, exchange: book, sequencer, listed, rateLimit, maxOpenOrders, refusal, metrics };
  const entry = createOrderEntry(orders);
  const secured = auth !== undefined;
  const { epoch } = store;
  const published = (): PublicationStatus | undefined => publication?.status();
  const doors = { clock, log, entry, exchange: book, sequencer, listed, secured, version, epoch };
  addRoutes(app, { ...doors, publication: published });
  addMarketData(app, { ...doors, registry, auth });
  try {
    for (const command of configuration(store.exchange, config)) await sequencer.submit(command);
    await publication?.start(store.exchange, sequencer);
    const stopSweeps = sweepExpired(clock, store.exchange, sequencer);
    const door =
      options.binary === undefined
        ? undefined
        : await startBinaryDoor({ ...options, ...orders, ...options.binary, auth });
    const address = await app.listen({ host, port });
    exchange = store.exchange;
    const stopSteps: ShutdownStep[] = [
      ...(door === undefined ? [] : [door.stopStep]),
      {
        name: 'orders',
        run: () => {
          stopSweeps();
          return sequencer.stop();
        },
      },
      { name: 'service', run: () => app.close() },
      { name: 'publisher', run: () => publication?.stop() },
      {
        name: 'store',
        run: async () => {
          await store.close();
          await publication?.close();
        },
      },
      {
        name: 'admin',
        run: async () => {
          auth?.close();
          await admin.close();
        },
      },
    ];
    return {
      address,
      adminPort,
      binaryPort: door?.port,
      store,
      publication: () => publication?.report(),
      health,
      stopSteps,
    };
  } catch (error) {
    await publication?.stop();
    await store.close();
    throw error;
  }
}

/** Asks twice a second whether an order expires, and has those cancelled that do. Returns what stops it. */
function sweepExpired(clock: Clock, exchange: Exchange, sequencer: Sequencer): () => void {
  let cancel: (() => void) | undefined;
  let stopped = false;
  const wait = (): void => {
    if (!stopped) cancel = clock.setTimer(SWEEP_MS, look);
  };
  const look = (): void => {
    const timeMs = clock.now();
    if (exchange.orders.nextExpiryMs > timeMs) wait();
    // A sweep that is not taken (a full disk) leaves the orders as they are, and the next look tries again.
    else sequencer.submit({ kind: 'expire', timeMs }).then(wait, wait);
  };
  wait();
  return () => {
    stopped = true;
    cancel?.();
  };
}

/** A rate needs a series that begins at 0: one that is born with its first order hides it. */
function startSeries(metrics: Metrics<typeof orderBookMetrics>, { symbols }: Pick<BookConfig, 'symbols'>): void {
  for (const { name } of symbols) metrics.trades.inc({ symbol: name }, 0);
  for (const kind of ['place', 'pair', 'cancel', 'replace']) {
    for (const result of ['accepted', 'repeated', 'refused']) metrics.commands.inc({ kind, result }, 0);
  }
}

function observe(metrics: Metrics<typeof orderBookMetrics>, store: Store, sequencer: Sequencer): void {
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

/** Counts trades when they are asked for, from their sequences: of all doors, and at no cost for an order. */
function tradesSince(metrics: Metrics<typeof orderBookMetrics>, { markets }: Exchange): () => void {
  const counted = new Map<string, number>();
  for (const [symbol, { tradeSequence }] of markets) counted.set(symbol, tradeSequence);
  return () => {
    for (const [symbol, { tradeSequence }] of markets) {
      metrics.trades.inc({ symbol }, tradeSequence - (counted.get(symbol) ?? 0));
      counted.set(symbol, tradeSequence);
    }
  };
}

/** Rejects with EADDRINUSE and the like, before a data directory is made for a program that cannot start. */
function checkPort(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(port, host, () => probe.close(() => resolve()));
  });
}

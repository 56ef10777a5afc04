import { createServer } from 'node:net';
import {
  type AuthConfig,
  type CodedError,
  createAdminServer,
  createHealth,
  createService,
  createShutdown,
  createTokenVerifier,
  type Health,
  type ShutdownStep,
  type TokenVerifier,
} from '@sluice/kit';
import type { Clock } from '@sluice/runtime/clock';
import { createRegistry, type Logger } from '@sluice/runtime/telemetry';
import type { FastifyInstance } from 'fastify';
import { type DoorLimits, startBinaryDoor } from './binary/door.ts';
import { createBookMetrics, observeBook } from './book-metrics.ts';
import { configuration } from './configuration.ts';
import { Sequencer } from './exchange/sequencer.ts';
import { Store, type StoreOptions } from './exchange/store.ts';
import { sweepExpired } from './expiry-sweep.ts';
import { createOrderEntry, type OrderEntryOptions } from './gateway/order-entry.ts';
import { createRateLimit } from './gateway/rate-limit.ts';
import { addRoutes } from './gateway/routes.ts';
import { checkBinanceNames } from './market-data/binance/symbols.ts';
import { addMarketData } from './market-data/market-data.ts';
import type { BookMetrics } from './metrics.ts';
import { Publication, type PublicationOptions, type PublicationReport } from './publisher/publication.ts';
import type { BookConfig } from './symbols.ts';

type Registry = ReturnType<typeof createRegistry>;

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
  readonly publish?: Pick<PublicationOptions, 'target' | 'maxOutboxBytes' | 'keepBytes' | 'disk'> | undefined;
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

/**
 * Starts one book: health, then the data directory, then the doors. Rejects before it has made anything when a port is taken, and with
 * the coded errors of store, outbox and configuration; then everything that was started has been ended.
 */
export async function startBook(options: BookServiceOptions): Promise<BookService> {
  checkBinanceNames(options.config.symbols.map(({ name }) => name));
  await checkPort(options.host, options.port);
  if (options.binary !== undefined) await checkPort(options.host, options.binary.port);
  const health = createHealth();
  const stopSteps: ShutdownStep[] = [];
  try {
    return await start(options, health, stopSteps);
  } catch (error) {
    await createShutdown({ log: options.log, health, steps: stopSteps }).stop('the start failed');
    throw error;
  }
}

/** Puts what ends each part into `stopSteps` as soon as it is there: what was started last ends first. */
async function start(options: BookServiceOptions, health: Health, stopSteps: ShutdownStep[]): Promise<BookService> {
  const { version, clock, log, config, host, port } = options;
  const stopsWith = (name: string, run: ShutdownStep['run']): void => void stopSteps.unshift({ name, run });
  const registry = createRegistry();
  let isOpen = false;
  health.addReadiness('journal', () => (isOpen ? undefined : 'not replayed yet'));
  const admin = createAdminServer({ registry, health });
  stopsWith('admin', () => admin.close());
  const adminPort = options.adminPort === undefined ? undefined : await admin.listen(options.adminPort, host);

  const publication = createPublication(options, registry);
  const store = await Store.open({ ...options.store, ...publication?.hooks, log });
  stopsWith('store', async () => {
    await store.close();
    await publication?.close();
  });
  stopsWith('publisher', () => publication?.stop());
  const metrics = createBookMetrics(registry, config.symbols);
  const sequencer = createSequencer(options, store, metrics);
  observeBook(metrics, store, sequencer);
  // A restart reads the disk afresh; nothing else helps a journal or an outbox that stopped for good.
  health.addLiveness('journal', () => sequencer.failure?.message);
  health.addLiveness('outbox', () => publication?.failure?.message);

  const auth = options.auth === undefined ? undefined : createTokenVerifier({ config: options.auth.jwt, registry });
  const orders = orderOptions(options, store, sequencer, publication, metrics);
  const app = createHttpDoors({ version, log, auth, registry, health, store, publication }, orders);
  stopsWith('service', async () => {
    await app.close();
    auth?.close();
  });
  for (const command of configuration(store.exchange, config)) await sequencer.submit(command);
  store.exchange.reserve(options.maxOpenOrders);
  await publication?.start(store.exchange, sequencer);
  const stopSweeps = sweepExpired(clock, store.exchange, sequencer);
  stopsWith('orders', () => {
    stopSweeps();
    return sequencer.stop();
  });
  const binary =
    options.binary === undefined
      ? undefined
      : await startBinaryDoor({ ...options, ...orders, ...options.binary, auth });
  if (binary !== undefined) stopSteps.unshift(binary.stopStep);
  const address = await app.listen({ host, port });
  isOpen = true;
  const report = (): PublicationReport | undefined => publication?.report();
  return { address, adminPort, binaryPort: binary?.port, store, publication: report, health, stopSteps };
}

function createPublication({ clock, log, store, publish }: BookServiceOptions, registry: Registry) {
  if (publish === undefined) return undefined;
  return new Publication({ clock, log, registry, directory: store.directory, ...publish });
}

function createSequencer({ maxPending }: BookServiceOptions, store: Store, metrics: BookMetrics): Sequencer {
  const { exchange, journal, epoch } = store;
  return new Sequencer({
    exchange,
    journal,
    epoch,
    maxPending,
    onCommit: (commands, bytes) => {
      metrics.commitCommands.observe(commands);
      metrics.journalBytes.inc(bytes);
    },
    onQuiet: () => store.snapshotIfDue(),
  });
}

/** What an order meets on its way to the sequencer, the same through every door. */
function orderOptions(
  { clock, config, maxOpenOrders }: BookServiceOptions,
  { exchange }: Store,
  sequencer: Sequencer,
  publication: Publication | undefined,
  metrics: BookMetrics,
): OrderEntryOptions {
  const { limits, symbols, accounts = new Map() } = config;
  const listed = new Set(symbols.map(({ name }) => name));
  const ownRates = Array.from(accounts, ([account, own]) => [account, own.ordersPerSecond] as const);
  const rateLimit = createRateLimit(clock, limits.ordersPerSecondPerAccount, new Map(ownRates));
  const refusal = (): CodedError | undefined => publication?.refusal();
  return { clock, exchange, sequencer, listed, rateLimit, maxOpenOrders, refusal, metrics };
}

interface HttpDoors {
  readonly version: string;
  readonly log: Logger;
  readonly auth: TokenVerifier | undefined;
  readonly registry: Registry;
  readonly health: Health;
  readonly store: Store;
  readonly publication: Publication | undefined;
}

/** The service with the routes of all shapes; it does not listen yet. */
function createHttpDoors({ store, publication, ...options }: HttpDoors, orders: OrderEntryOptions): FastifyInstance {
  const app = createService({ name: 'Sluice order book', ...options });
  const { clock, exchange, sequencer, listed } = orders;
  const { version, log, auth, registry } = options;
  const doors = { clock, log, exchange, sequencer, listed, entry: createOrderEntry(orders), epoch: store.epoch };
  addRoutes(app, { ...doors, version, secured: auth !== undefined, publication: () => publication?.status() });
  addMarketData(app, { ...doors, registry, auth });
  return app;
}

/** Rejects with EADDRINUSE and the like, before a data directory is made for a program that cannot start. */
function checkPort(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(port, host, () => probe.close(() => resolve()));
  });
}

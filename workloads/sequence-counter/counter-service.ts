import {
  type AuthConfig,
  createAdminServer,
  createHealth,
  createService,
  createTokenVerifier,
  type Health,
  type ShutdownStep,
} from '@sluice/kit';
import type { Clock } from '@sluice/runtime/clock';
import { createMetrics, createRegistry, type Logger } from '@sluice/runtime/telemetry';
import type { Allocator } from './core/allocator.ts';
import type { CounterConfig } from './core/record.ts';
import { Dispenser, type Grant, type RemoteSource } from './gateway/dispenser.ts';
import { addCounterRoutes } from './gateway/routes.ts';
import { Driver } from './ledger/driver.ts';
import type { Ledger } from './ledger/ledger.ts';
import { counterMetrics } from './metrics.ts';

export interface CounterServiceOptions {
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: readonly CounterConfig[];
  readonly allocator: Allocator;
  readonly ledger: Ledger;
  /** A store call that takes longer, in ms, has an unknown outcome. */
  readonly storeTimeoutMs: number;
  /** Absent: all numbers come from this process. */
  readonly connect?: (parts: { driver: Driver; changed: () => void }) => PeerLink;
  readonly auth?: AuthConfig | undefined;
}

/** The side of a replica that talks to the others (Strict). */
export interface PeerLink extends RemoteSource {
  /** Tells the others that the ledger is free now. */
  announceRelease(): void;
  /** Follows the holder that the ledger names. */
  follow(): void;
  close(): Promise<void>;
}

export interface CounterService {
  readonly health: Health;
  /** Numbers for another replica; undefined when this one does not hold them. */
  serve(counter: string, count: number): Promise<Grant | undefined>;
  /** Resolves to the address that is listened on. */
  listen(port: number, host: string): Promise<string>;
  listenAdmin(port: number, host: string): Promise<number>;
  /** What a graceful stop does, in order. `lameDuckMs`: how long requests are still taken and passed on. */
  stopSteps(lameDuckMs: number): ShutdownStep[];
}

const patienceMs = 5_000;
const maxWaiting = 20_000;
const handOverMs = 3_000;

/** Puts one replica together. Nothing runs before `listen`. */
export function createCounterService(options: CounterServiceOptions): CounterService {
  const { version, clock, log, counters, allocator, ledger } = options;
  const registry = createRegistry();
  const health = createHealth();
  const metrics = createMetrics(counterMetrics, registry);
  const changed = (): void => {
    link?.follow();
    dispenser.changed();
  };
  const driver = new Driver({
    clock,
    log,
    allocator,
    ledger,
    timeoutMs: options.storeTimeoutMs,
    onChange: changed,
    onCall: (operation, outcome, seconds) => metrics.storeSeconds.observe({ operation, outcome }, seconds),
  });
  const link = options.connect?.({ driver, changed });
  const dispenser = new Dispenser({
    clock,
    local: driver,
    ...(link !== undefined && { remote: link }),
    patienceMs,
    maxWaiting,
    onForwarded: (result) => metrics.forwarded.inc({ result }),
  });
  const auth = options.auth === undefined ? undefined : createTokenVerifier({ config: options.auth.jwt, registry });
  const app = createService({ name: 'Sluice sequence counter', version, log, registry, health, auth });
  addCounterRoutes(app, {
    counters,
    next: async (counter, count) => {
      const grant = await dispenser.next(counter, count);
      metrics.numbers.inc({ counter }, count);
      return grant;
    },
    record: () => allocator.view(driver.now()).record,
  });
  const admin = createAdminServer({ registry, health });

  // Ready from the first look at the ledger on, whatever it showed. Between two holders requests wait, and without a
  // ledger they are told why: all replicas falling out of the Service at once would tell the clients nothing.
  let looked = false;
  health.addReadiness('ledger', () => {
    const { trouble, record } = allocator.view(driver.now());
    looked ||= trouble !== undefined || record !== undefined;
    return looked ? undefined : 'not read yet';
  });
  const observe = (): void => {
    const view = allocator.view(driver.now());
    for (const [counter, inHand] of view.inHand) metrics.inHand.set({ counter }, inHand);
    for (const [counter, { high }] of view.record?.marks ?? []) metrics.highWater.set({ counter }, Number(high));
    metrics.holds.set(view.holds ? 1 : 0);
    metrics.epoch.set(Number(view.record?.epoch ?? 0n));
    metrics.leaseSeconds.set(view.holds ? Math.max(view.deadlineInMs ?? 0, 0) / 1000 : 0);
    metrics.waiting.set(dispenser.waiting);
    metrics.regressed.set(view.trouble === undefined ? 0 : 1);
  };
  // prom-client asks a metric's `collect` at each scrape, before the metrics that were registered after it.
  Object.assign(metrics.inHand, { collect: observe });

  return {
    health,
    serve: (counter, count) => dispenser.nextLocal(counter, count),
    listen: (port, host) => {
      driver.advance();
      return app.listen({ port, host });
    },
    listenAdmin: (port, host) => admin.listen(port, host),
    stopSteps: (lameDuckMs) => [
      {
        name: 'hand over',
        run: async () => {
          const handedOver = await driver.release(handOverMs);
          if (handedOver) link?.announceRelease();
          else log.warn('the ledger could not be handed over in time: the others wait for the lease to end');
        },
      },
      { name: 'pass on', run: () => new Promise((resolve) => setTimeout(resolve, lameDuckMs)) },
      { name: 'service', run: () => app.close() },
      { name: 'peers', run: () => link?.close() },
      {
        name: 'ledger',
        run: async () => {
          auth?.close();
          await driver.close();
          await admin.close();
        },
      },
    ],
  };
}

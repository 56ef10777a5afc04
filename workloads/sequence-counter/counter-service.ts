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
import { createMetrics, createRegistry, type Logger, type Metrics } from '@sluice/runtime/telemetry';
import type { Allocator, AllocatorView } from './core/allocator.ts';
import type { CounterConfig } from './core/record.ts';
import { Dispenser } from './gateway/dispenser.ts';
import { addCounterRoutes } from './gateway/routes.ts';
import { Driver } from './ledger/driver.ts';
import type { Ledger } from './ledger/ledger.ts';
import { counterMetrics } from './metrics.ts';
import type { PeerLink, Peers } from './stream/peers.ts';

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
  readonly peers?: Peers | undefined;
  readonly auth?: AuthConfig | undefined;
}

export interface CounterService {
  readonly health: Health;
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
  const { version, clock, log, counters, allocator, ledger, peers } = options;
  const registry = createRegistry();
  const health = createHealth();
  const metrics = createMetrics(counterMetrics, registry);
  // A series that is born above 0 has no rate until its second change.
  for (const { name } of counters) metrics.numbers.inc({ counter: name }, 0);
  for (const result of ['granted', 'retried']) metrics.forwarded.inc({ result }, 0);
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
  const link = peers?.join({ allocator, driver, changed, serve: (name, count) => dispenser.nextLocal(name, count) });
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
  addChecks(health, () => allocator.view(driver.now()), peers);
  exposeState(metrics, () => allocator.view(driver.now()), dispenser);

  return {
    health,
    listen: (port, host) => {
      driver.advance();
      return app.listen({ port, host });
    },
    listenAdmin: (port, host) => admin.listen(port, host),
    stopSteps: (lameDuckMs) => [
      { name: 'hand over', run: () => handOver(driver, link, log) },
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

async function handOver(driver: Driver, link: PeerLink | undefined, log: Logger): Promise<void> {
  if (await driver.release(handOverMs)) link?.announceRelease();
  else log.warn('the ledger could not be handed over in time: the others wait for the lease to end');
}

/**
 * Ready from the first look at the ledger on, whatever it showed. Between two holders requests wait, and without a ledger
 * they are told why: all replicas falling out of the Service at once would tell the clients nothing.
 */
function addChecks(health: Health, view: () => AllocatorView, peers: Peers | undefined): void {
  let looked = false;
  health.addReadiness('ledger', () => {
    const { trouble, record } = view();
    looked ||= trouble !== undefined || record !== undefined;
    return looked ? undefined : 'not read yet';
  });
  if (peers !== undefined) health.addReadiness('key', () => (peers.published ? undefined : 'not published yet'));
}

/** Gauges are set when they are read: nothing has to remember to keep them current. */
function exposeState(
  metrics: Metrics<typeof counterMetrics>,
  read: () => AllocatorView,
  dispenser: { readonly waiting: number },
): void {
  const collect = (): void => {
    const view = read();
    for (const [counter, inHand] of view.inHand) metrics.inHand.set({ counter }, inHand);
    for (const [counter, { high }] of view.record?.marks ?? []) metrics.highWater.set({ counter }, Number(high));
    metrics.holds.set(view.holds ? 1 : 0);
    metrics.epoch.set(Number(view.record?.epoch ?? 0n));
    metrics.leaseSeconds.set(view.holds ? Math.max(view.deadlineInMs ?? 0, 0) / 1000 : 0);
    metrics.waiting.set(dispenser.waiting);
    metrics.regressed.set(view.trouble === undefined ? 0 : 1);
  };
  // prom-client asks a metric's `collect` at each scrape, before the metrics that were registered after it.
  Object.assign(metrics.inHand, { collect });
}

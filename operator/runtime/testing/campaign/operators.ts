import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { Clock } from '../../clock.ts';
import type { Controller } from '../../controller/builder.ts';
import { runManager } from '../../controller/manager.ts';
import { createClient } from '../../kube/rest-client.ts';
import type { TransportRequest } from '../../kube/transport.ts';
import { seededRandom } from '../seeded-random.ts';
import type { FaultPlan, Strike } from './faults.ts';
import type { Injector } from './injector.ts';
import { createLink, requestId, type Snapshot } from './link.ts';
import { ProcessClock } from './process-clock.ts';
import type { Server } from './server.ts';

const silent = pino({ level: 'silent' });
export const electionLease = { namespace: 'operator-system', name: 'operator' };
const electionPath = `/namespaces/${electionLease.namespace}/leases`;

export interface OperatorsOptions {
  readonly clock: Clock;
  readonly seed: number;
  readonly plan: FaultPlan;
  readonly injector: Injector;
  /** The server, as seen by the process of this name. */
  readonly server: (who: string) => Server;
  readonly controllers: () => readonly Controller[];
  /** A manager ended by itself, or something came or went. */
  readonly onFailure: (failure: string) => void;
  readonly onMove: () => void;
}

interface Process {
  readonly who: string;
  readonly clock: ProcessClock;
  /** Ends what is left of a process that was killed; Node would keep what listens to a signal that never aborts. */
  readonly end: AbortController;
}

/** The processes of the operator: started, struck, started again. */
export class Operators {
  readonly #options: OperatorsOptions;
  readonly #lists = new Map<string, TransportRequest>();
  readonly #snapshots = new Map<Strike, Snapshot>();
  /** Those that were killed are among them. */
  readonly #processes = new Set<Process>();
  #serial = 0;
  /** Blows from which a process has not come back yet. */
  #away = 0;

  constructor(options: OperatorsOptions) {
    this.#options = options;
  }

  get complete(): boolean {
    return this.#away === 0;
  }

  start(snapshot: Snapshot = new Map()): void {
    const { clock: base, seed, plan, injector, server, controllers, onFailure, onMove } = this.#options;
    this.#serial++;
    const who = `operator-${this.#serial}`;
    const clock = new ProcessClock(base);
    const process: Process = { who, clock, end: new AbortController() };
    this.#processes.add(process);
    onMove();
    const random = seededRandom(seed + this.#serial * 7919);
    const transport = createLink({
      server: server(who),
      clock: base,
      random,
      process: clock,
      injector,
      isElection: (path) => path.includes(electionPath),
      snapshot,
      onDecided: () => this.#snapshot(),
      onList: (request) => void this.#lists.set(requestId(request), request),
      strike: (strike) => this.#strike(process, strike),
    });
    runManager(
      {
        cluster: { client: createClient(transport), transport, close: () => {} },
        controllers: controllers(),
        log: silent,
        registry: new Registry(),
        identity: who,
        reportingController: 'sluice.dev/operator',
        clock,
        random,
        ...(plan.instances === 1 ? {} : { leaderElection: electionLease }),
      },
      process.end.signal,
    ).then(
      () => clock.dead || onFailure(`${who} ended although nobody stopped it`),
      (error: unknown) => clock.dead || onFailure(`${who} ended: ${String(error)}`),
    );
  }

  /** Remembers what is there now for the strikes that want it: what a server that lags would still tell later. */
  #snapshot(): void {
    const { plan, injector, server } = this.#options;
    const wanted = plan.strikes.filter(
      (strike) =>
        (strike.snapshotAtWrite ?? Number.POSITIVE_INFINITY) <= injector.writes && !this.#snapshots.has(strike),
    );
    if (wanted.length === 0) return;
    const now = new Map<string, unknown>();
    for (const strike of wanted) this.#snapshots.set(strike, now);
    for (const [id, request] of this.#lists) now.set(id, server('snapshot').handle(request, 0));
  }

  /** `but`: the names of those that go on. */
  killAll(but: readonly string[] = []): void {
    for (const { who, clock } of this.#processes) if (!but.includes(who)) clock.kill();
  }

  /** The run is over: nothing of any process may stay in memory. */
  end(): void {
    this.killAll();
    for (const { end } of this.#processes) end.abort();
  }

  #strike(process: Process, strike: Strike): void {
    const { clock, injector, onMove } = this.#options;
    if (!process.clock.running) return;
    this.#away++;
    const back = (fn: () => void): void => {
      clock.setTimer(strike.awayMs, () => {
        this.#away--;
        onMove();
        fn();
      });
    };
    if (strike.kind === 'freeze') {
      injector.count(
        strike.moment === 'unsent' ? 'frozen before a write was sent' : 'frozen before the answer to a write',
      );
      process.clock.freeze();
      back(() => process.clock.thaw());
      return;
    }
    injector.count(
      strike.moment === 'unsent'
        ? 'killed before a write was sent'
        : strike.moment === 'unanswered'
          ? 'killed after a write, before its answer'
          : 'killed after the answer to a write',
    );
    process.clock.kill();
    back(() => {
      const snapshot = this.#snapshots.get(strike);
      if (snapshot !== undefined && snapshot.size > 0) injector.count('restarted on an older snapshot');
      this.start(snapshot);
    });
  }
}

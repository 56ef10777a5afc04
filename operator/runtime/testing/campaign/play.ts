import { createHash } from 'node:crypto';
import { canonicalJson } from '../../controller/canonical-json.ts';
import { type KubeObject, keyText } from '../../kube/object.ts';
import { Lease } from '../../kube/resources.ts';
import { BACKOFF_MAX_MS } from '../../queue/queue.ts';
import { ApiServerModel, createModelCluster } from '../model/index.ts';
import { seededRandom } from '../seeded-random.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { type FaultCounts, type FaultPlan, noFaults } from './faults.ts';
import { Injector } from './injector.ts';
import { electionLease, Operators } from './operators.ts';
import type { Scenario, Simulator, Stage, UserAction, Write } from './scenario.ts';
import { type Server, serverOf } from './server.ts';

/** Nothing has moved for so long: longer than a lease, and than the longest wait of a reconcile or a watch that failed. */
const QUIET_MS = 35_000;
/** Not quiet after so long: it does not converge. */
const RESTLESS_MS = 3_600_000;
const IDLE_MS = 600_000;
/** A run that keeps writing would never end. */
const MOST_WRITES = 5_000;

/** All that a run came to. */
export interface Played {
  /** Of every accepted write and every fault, in order: equal for equal runs. */
  readonly digest: string;
  readonly trace: readonly string[];
  /** What must never be. */
  readonly problems: readonly string[];
  /** The essence of what is there in the end, by resource and name. */
  readonly state: ReadonlyMap<string, string>;
  /** How often the operator made each object. */
  readonly creations: ReadonlyMap<string, number>;
  /** How often the operator destroyed what cannot be made again. */
  readonly destroyed: ReadonlyMap<string, number>;
  /** Writes of the operator, those that failed included. */
  readonly writes: number;
  readonly faults: FaultCounts;
}

/** Plays `scenario` once, under this plan of faults. The same seed and plan give the same run to the last byte. */
export async function play<S extends Simulator>(scenario: Scenario<S>, seed: number, plan: FaultPlan): Promise<Played> {
  return new Run(scenario, seed, plan).play();
}

class Run<S extends Simulator> {
  readonly #scenario: Scenario<S>;
  readonly #plan: FaultPlan;
  readonly #clock = new VirtualClock();
  readonly #stage: Stage;
  readonly #listeners: ((write: Write) => void)[] = [];
  readonly #injector: Injector;
  readonly #operators: Operators;
  readonly #simulator: S;
  readonly #trace: string[] = [];
  readonly #problems: string[] = [];
  readonly #creations = new Map<string, number>();
  readonly #destroyed = new Map<string, number>();
  #movedAt = 0;
  #accepted = 0;
  /** Of the request that is being handled. */
  #sentAt: number | undefined;
  #idle = false;

  constructor(scenario: Scenario<S>, seed: number, plan: FaultPlan) {
    this.#scenario = scenario;
    this.#plan = plan;
    const clock = this.#clock;
    const model = new ApiServerModel({
      clock,
      random: seededRandom(seed + 1),
      resources: scenario.resources,
      crds: scenario.definitions,
      namespaces: [electionLease.namespace],
    });
    const random = seededRandom(seed + 2);
    this.#stage = {
      clock,
      random,
      objects: (resource) => model.objects(resource),
      find: (resource, key) => model.peek(resource, key),
      onWrite: (fn) => void this.#listeners.push(fn),
      client: (userAgent) => createModelCluster(model, { userAgent }).client,
    };
    this.#injector = new Injector(plan, seededRandom(seed + 3), (what) => {
      this.#note(`fault: ${what}`);
      this.#moved();
    });
    this.#simulator = scenario.simulate(this.#stage);
    this.#operators = new Operators({
      clock,
      seed,
      plan,
      injector: this.#injector,
      server: (who) => this.#timed(serverOf(model, who)),
      controllers: () => scenario.controllers(this.#simulator),
      onFailure: (failure) => this.#problems.push(failure),
      onMove: () => this.#moved(),
    });
    model.onWrite(({ user, verb, resource, key, before, after }) => {
      const isOperator = user.startsWith('operator-');
      const sentAt = this.#sentAt ?? clock.monotonic();
      this.#take({ who: user, isOperator, resource, key, sentAt, before, after }, verb);
    });
  }

  #timed(server: Server): Server {
    return {
      ...server,
      handle: (request, sentAt) => {
        this.#sentAt = sentAt;
        try {
          return server.handle(request, sentAt);
        } finally {
          this.#sentAt = undefined;
        }
      },
    };
  }

  async play(): Promise<Played> {
    await this.#scenario.prepare(this.#stage.client('setup'));
    for (let instance = 0; instance < this.#plan.instances; instance++) this.#operators.start();
    await this.#clock.advance(1_000);
    for (const action of this.#scenario.actions) {
      this.#note(`user: ${action.what}`);
      this.#moved();
      await action.act(this.#stage, this.#simulator);
      if (action.until !== 'quiet') await this.#clock.advance(action.until);
      else if (await this.#untilQuiet()) await this.#expect(action);
      if (this.#problems.length > 0) return this.#played();
    }
    await this.#untilQuiet();
    this.#injector.end();
    if (await this.#settled()) {
      for (const wrong of this.#scenario.verdict(this.#stage)) this.#problems.push(wrong);
      this.#idle = true;
      await this.#clock.advance(IDLE_MS);
    }
    return this.#played();
  }

  async #expect({ what, expect }: UserAction<S>): Promise<void> {
    // What is wrong may only be late: a key that failed again and again is off for a while, and may then fail again.
    for (let failed = -1; failed < this.#injector.failed && expect?.(this.#stage) !== undefined; ) {
      ({ failed } = this.#injector);
      await this.#clock.advance(BACKOFF_MAX_MS);
      await this.#untilQuiet();
    }
    this.#found(expect?.(this.#stage), `after "${what}": `);
  }

  /** Quiet, also after the longest back-off of a key that failed again and again. */
  async #settled(): Promise<boolean> {
    if (!(await this.#untilQuiet())) return false;
    // From here on, who does not lead only waits.
    const leader = this.#stage.find(Lease, electionLease)?.spec?.holderIdentity;
    if (leader !== undefined) this.#operators.killAll([leader]);
    if (this.#plan !== noFaults) await this.#clock.advance(BACKOFF_MAX_MS);
    return this.#untilQuiet();
  }

  #played(): Played {
    this.#operators.end();
    this.#problems.push(...this.#simulator.failures);
    return {
      digest: createHash('sha256').update(this.#trace.join('\n')).digest('hex'),
      trace: this.#trace,
      problems: this.#problems,
      state: this.#state(),
      creations: this.#creations,
      destroyed: this.#destroyed,
      writes: this.#injector.writes,
      faults: this.#injector.counts,
    };
  }

  #state(): Map<string, string> {
    const state = new Map<string, string>();
    for (const resource of this.#scenario.resources) {
      for (const object of this.#stage.objects<KubeObject>(resource)) {
        const { namespace = '', name } = object.metadata;
        const essence = this.#scenario.essence(object, resource);
        if (essence === undefined || namespace === electionLease.namespace) continue;
        state.set(`${resource.kind} ${keyText({ namespace, name })}`, canonicalJson(essence));
      }
    }
    return state;
  }

  #take(write: Write, verb: string): void {
    for (const listener of this.#listeners) listener(write);
    if (isElection(write)) return;
    const { who, isOperator, resource, key, before, after } = write;
    const version = (after ?? before)?.metadata.resourceVersion ?? '';
    this.#note(`${who} ${verb} ${resource.plural} ${keyText(key)} ${version}`);
    if (resource.plural === 'events' || this.#scenario.isNoise(write)) return;
    this.#moved();
    this.#found(this.#scenario.forbids(write, this.#stage), `${who} wrote ${resource.kind} ${keyText(key)}: `);
    if (++this.#accepted === MOST_WRITES) this.#problems.push(`does not converge: ${MOST_WRITES} writes`);
    if (!isOperator) return;
    const name = `${resource.kind} ${keyText(key)}`;
    if (before === undefined) increment(this.#creations, name);
    const destroyed = this.#scenario.destroys(write, this.#stage);
    if (destroyed !== undefined) increment(this.#destroyed, destroyed);
    if (this.#idle) this.#problems.push(`a write while nothing was to be done: ${verb} ${name}`);
  }

  #found(wrong: string | undefined, where: string): void {
    if (wrong !== undefined) this.#problems.push(`${where}${wrong}`);
  }

  #moved(): void {
    this.#movedAt = this.#clock.monotonic();
  }

  #note(what: string): void {
    this.#trace.push(`${this.#clock.monotonic().toFixed(1)} ${what}`);
  }

  /** False, and a problem, when it never gets quiet. */
  async #untilQuiet(): Promise<boolean> {
    const until = this.#clock.monotonic() + RESTLESS_MS;
    for (;;) {
      const restMs = this.#movedAt + QUIET_MS - this.#clock.monotonic();
      if (restMs <= 0 && this.#operators.complete && this.#injector.unheard === 0) return true;
      if (this.#problems.length > 0) return false;
      if (this.#clock.monotonic() > until) {
        this.#problems.push(`does not converge: still moving after ${RESTLESS_MS / 60_000} minutes`);
        return false;
      }
      await this.#clock.advance(Math.max(restMs, 1_000));
    }
  }
}

function isElection({ resource, key }: Write): boolean {
  return resource.plural === Lease.plural && key.namespace === electionLease.namespace;
}

function increment(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

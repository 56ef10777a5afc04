import type { Allocator, Ordering } from '../core/allocator.ts';
import type { Instant } from '../core/lease-clock.ts';
import type { PoolLimits } from '../core/pool.ts';
import type { CounterConfig, LedgerRecord } from '../core/record.ts';
import { emptyRecord } from '../core/record.ts';
import type { Floor, LedgerSnapshot } from '../core/sighting.ts';
import { createTimeline, type Timeline } from './timeline.ts';

/** The code under test; the mutation test passes a changed copy. */
export interface Core {
  readonly Allocator: typeof Allocator;
}

/** One thing that goes wrong, at a virtual time in ms. */
export interface Fault {
  readonly at: number;
  readonly kind: /** kill -9, then a new process in the same pod. */
    | 'crash'
    /** SIGTERM: a clean hand-over, then a new process in the same pod. */
    | 'stop'
    /** SIGSTOP and SIGCONT: what arrives meanwhile is worked off before any timer. */
    | 'pause'
    /** A machine suspended so that the monotonic clock stood still as well. */
    | 'suspend'
    /** Requests to the store are lost. */
    | 'partition'
    /** The store does what it is asked, but the answers are lost. */
    | 'deafness'
    /** Somebody sets the wall clock. */
    | 'wallClock'
    /** The ledger is restored from a backup, or deleted and made again from nothing. */
    | 'rollback'
    | 'recreate';
  readonly process: number;
  readonly ms: number;
}

export interface SimulationOptions {
  readonly core: Core;
  readonly ordering: Ordering;
  readonly seed: number;
  readonly faults: readonly Fault[];
  /** First number of the counter. */
  readonly start?: bigint;
  readonly step?: bigint;
  /** The network loses nothing of its own accord. */
  readonly flawless?: boolean;
  /** Seeded bug: writes do not name the version they replace. */
  readonly blindWrites?: boolean;
  /** Seeded bug: requests are judged by the clock as the event loop read it last. */
  readonly cachedClock?: boolean;
}

export interface SimulatedAnswer {
  readonly value: bigint;
  readonly epoch: bigint;
  readonly start: number;
  readonly end: number;
  /** Which incarnation of which process answered. */
  readonly by: string;
}

const leaseMs = 2_000;
const timeoutMs = 650;
const durationMs = 16_000;
/** Many reservations, and many numbers left over: each brings out other mistakes. */
const smallBlocks: PoolLimits = { horizonSeconds: 0.5, smallestBlock: 5, largestBlock: 40 };
const largeBlocks: PoolLimits = { horizonSeconds: 20, smallestBlock: 100, largestBlock: 1_000 };
const podNames = ['counter-0', 'counter-0', 'counter-1'] as const;

/** Plays one schedule of three processes, one store and many clients in virtual time. Deterministic in its options. */
export function simulate(options: SimulationOptions): SimulatedAnswer[] {
  const timeline = createTimeline(options.seed);
  const counter: CounterConfig = { name: 'default', start: options.start ?? 1n, step: options.step ?? 1n };
  const store = new Store(emptyRecord([counter], leaseMs), timeline, options.blindWrites ?? false);
  const answers: SimulatedAnswer[] = [];
  const processes = podNames.map((pod, index) => new Process(index, pod, counter, options, timeline, store));
  for (const process of processes) {
    process.onReleased = () => {
      const successor = processes[Math.floor(timeline.random() * processes.length)];
      if (successor !== undefined && successor !== process) successor.invited();
    };
    process.start();
  }
  for (const fault of options.faults.filter(isWithinPromise)) {
    const process = processes[fault.process % processes.length];
    if (process !== undefined) timeline.at(fault.at, () => inflict(fault, process, store, counter));
  }
  const ask = (): void => {
    const process = processes[Math.floor(timeline.random() * processes.length)];
    const count = timeline.random() < 0.1 ? 3 : 1;
    process?.request(count, answers);
    timeline.after(4 + timeline.random() * 20, ask);
  };
  ask();
  timeline.run(durationMs);
  return answers;
}

/**
 * A machine that stands still while somebody sets its wall clock back by just as much has no clock left that tells. The
 * order is not promised then, so no process gets both.
 */
function isWithinPromise({ kind, process }: Fault, _index: number, faults: readonly Fault[]): boolean {
  return kind !== 'wallClock' || !faults.some((other) => other.kind === 'suspend' && other.process === process);
}

function inflict(fault: Fault, process: Process, store: Store, counter: CounterConfig): void {
  const { kind, ms } = fault;
  if (kind === 'crash') process.crash(ms % 1_000);
  else if (kind === 'stop') process.stop(ms % 1_000);
  else if (kind === 'pause') process.pause(ms, false);
  else if (kind === 'suspend') process.pause(ms, true);
  else if (kind === 'partition') process.cutOff('request', ms);
  else if (kind === 'deafness') process.cutOff('reply', ms);
  else if (kind === 'wallClock') process.setWallClock(ms - 3_000);
  else if (kind === 'rollback') store.rollBack();
  else store.recreate(emptyRecord([counter], leaseMs));
}

/** One object with compare-and-swap, as an API server has it, and what the status of the resource says about it. */
class Store {
  readonly #timeline: Timeline;
  readonly #blind: boolean;
  readonly #history: LedgerRecord[] = [];
  #record: LedgerRecord;
  #version = 1;
  #id = 1;
  /** As the operator recorded it at the last disaster: the status never ran behind in the moment that mattered. */
  #floor: Floor = { highWater: new Map() };

  constructor(record: LedgerRecord, timeline: Timeline, blind: boolean) {
    this.#record = record;
    this.#timeline = timeline;
    this.#blind = blind;
  }

  get floor(): Floor {
    return this.#floor;
  }

  /** Now and then an old version, as from a cache or a member of the store that lags behind. */
  read(): LedgerSnapshot {
    const old = this.#history.at(-1);
    if (old !== undefined && this.#timeline.random() < 0.02) {
      return { record: old, version: String(this.#version - 1), id: String(this.#id) };
    }
    return { record: this.#record, version: String(this.#version), id: String(this.#id) };
  }

  write(record: LedgerRecord, over: LedgerSnapshot): string | undefined {
    const current = over.version === String(this.#version) && over.id === String(this.#id);
    if (!current && !this.#blind) return undefined;
    this.#history.push(this.#record);
    this.#record = record;
    this.#version += 1;
    return String(this.#version);
  }

  rollBack(): void {
    const index = Math.floor(this.#timeline.random() * this.#history.length);
    const old = this.#history[index];
    if (old === undefined) return;
    this.#mirror();
    this.#record = old;
    this.#version += 1;
  }

  recreate(record: LedgerRecord): void {
    this.#mirror();
    this.#record = record;
    this.#version += 1;
    this.#id += 1;
  }

  #mirror(): void {
    const highWater = new Map<string, bigint>(this.#floor.highWater);
    for (const [name, { high }] of this.#record.marks) {
      const before = highWater.get(name) ?? -1n;
      highWater.set(name, high - 1n > before ? high - 1n : before);
    }
    this.#floor = { ledgerId: this.#floor.ledgerId ?? String(this.#id), highWater };
  }
}

/** One replica: an allocator, two clocks of its own, and an event loop that can be stopped. */
class Process {
  readonly #index: number;
  readonly #pod: string;
  readonly #counter: CounterConfig;
  readonly #options: SimulationOptions;
  readonly #timeline: Timeline;
  readonly #store: Store;
  readonly #rate: number;
  readonly #pool: PoolLimits;
  #allocator: Allocator | undefined;
  #incarnation = 0;
  /** Callbacks of sockets that arrived during a pause; undefined while running. */
  #inbox: (() => void)[] | undefined;
  #call = 0;
  #timer = 0;
  #wallOffset = 0;
  #suspended = 0;
  #stoppedAt: number | undefined;
  #cutOff: { readonly what: 'request' | 'reply'; readonly until: number } | undefined;
  /** Callbacks that piled up are worked off in one turn of the loop: its own idea of the time stands still. */
  #inPollPhase = false;
  #loopTime: Instant = { monotonic: 0, wall: 0 };
  onReleased: () => void = () => undefined;

  constructor(
    index: number,
    pod: string,
    counter: CounterConfig,
    options: SimulationOptions,
    timeline: Timeline,
    store: Store,
  ) {
    this.#index = index;
    this.#pod = pod;
    this.#counter = counter;
    this.#options = options;
    this.#timeline = timeline;
    this.#store = store;
    this.#rate = 0.98 + timeline.random() * 0.04;
    this.#pool = timeline.random() < 0.5 ? smallBlocks : largeBlocks;
  }

  start(): void {
    this.#incarnation += 1;
    const incarnation = this.#incarnation;
    let writes = 0;
    this.#allocator = new this.#options.core.Allocator({
      ordering: this.#options.ordering,
      identity: { pod: this.#pod, podUid: `uid-${this.#index}`, processNonce: `${this.#index}.${incarnation}` },
      counters: [this.#counter],
      leaseMs,
      pool: this.#pool,
      newNonce: () => {
        writes += 1;
        return `${this.#index}.${incarnation}.${writes}`;
      },
    });
    this.#drive();
  }

  crash(downMs: number): void {
    this.#allocator = undefined;
    this.#inbox = undefined;
    this.#stoppedAt = undefined;
    this.#call += 1;
    this.#timer += 1;
    this.#timeline.after(downMs + 1, () => {
      if (this.#allocator === undefined) this.start();
    });
  }

  /** Gives up after a while, as the real one does, and starts again. */
  stop(downMs: number): void {
    const stopped = this.#allocator;
    if (stopped === undefined || this.#inbox !== undefined) return;
    stopped.stop();
    this.#drive();
    this.#timeline.after(1_500, () => {
      if (this.#allocator === stopped) this.crash(downMs);
    });
  }

  pause(ms: number, clockStops: boolean): void {
    if (this.#inbox !== undefined || this.#allocator === undefined) return;
    const paused = this.#allocator;
    this.#inbox = [];
    if (clockStops) this.#stoppedAt = this.#timeline.now();
    this.#timeline.after(ms, () => {
      if (this.#allocator !== paused) return;
      if (this.#stoppedAt !== undefined) this.#suspended += this.#timeline.now() - this.#stoppedAt;
      this.#stoppedAt = undefined;
      const late = this.#inbox ?? [];
      this.#inbox = undefined;
      this.#inPollPhase = true;
      for (const callback of late) callback();
      this.#inPollPhase = false;
      this.#drive();
    });
  }

  cutOff(what: 'request' | 'reply', ms: number): void {
    this.#cutOff = { what, until: this.#timeline.now() + ms };
  }

  setWallClock(byMs: number): void {
    this.#wallOffset += byMs;
  }

  invited(): void {
    this.#deliver(() => {
      this.#allocator?.invite();
      this.#drive();
    });
  }

  request(count: number, answers: SimulatedAnswer[]): void {
    const start = this.#timeline.now();
    this.#timeline.after(this.#latency(), () => this.#deliver(() => this.#answer(count, start, answers)));
  }

  #answer(count: number, start: number, answers: SimulatedAnswer[]): void {
    const allocator = this.#allocator;
    if (allocator === undefined) return;
    if (!this.#inPollPhase && this.#options.cachedClock === true) this.#loopTime = this.#now();
    const now = this.#options.cachedClock === true ? this.#loopTime : this.#now();
    const taken = allocator.take(this.#counter.name, count, now);
    allocator.want(this.#counter.name, taken.kind === 'refill' ? count : 0);
    if (taken.kind === 'taken') {
      const by = `${this.#index}.${this.#incarnation}`;
      const end = this.#timeline.now() + this.#latency();
      for (const { first, count: size } of taken.ranges) {
        for (let index = 0; index < size; index += 1) {
          const value = first + BigInt(index) * this.#counter.step;
          answers.push({ value, epoch: taken.epoch, start, end, by });
        }
      }
    }
    // As the driver does: the ledger is looked after when numbers run low, not after each request.
    if (taken.kind === 'refill' || (taken.kind === 'taken' && taken.low)) this.#drive();
  }

  #now(): Instant {
    const { now } = this.#timeline;
    return {
      monotonic: (now() - this.#suspended) * this.#rate + this.#index * 1_000,
      wall: now() * this.#rate + this.#wallOffset,
    };
  }

  #latency(): number {
    return 0.2 + this.#timeline.random() * 3;
  }

  #deliver(callback: () => void): void {
    if (this.#allocator === undefined) return;
    if (this.#inbox === undefined) callback();
    else this.#inbox.push(callback);
  }

  #drive(): void {
    const allocator = this.#allocator;
    if (allocator === undefined || this.#inbox !== undefined) return;
    const now = this.#now();
    if (!this.#inPollPhase) this.#loopTime = now;
    const ask = allocator.next(now);
    if (ask.kind === 'wait') {
      if (ask.until === Number.POSITIVE_INFINITY) return;
      this.#timer += 1;
      const timer = this.#timer;
      const ms = Math.max((ask.until - now.monotonic) / this.#rate, 1);
      this.#timeline.after(ms, () => {
        if (timer === this.#timer) this.#drive();
      });
      return;
    }
    if (ask.kind === 'read') {
      // In this order: what the status says lags behind the ledger.
      const run = () => [this.#store.floor, this.#store.read()] as const;
      this.#callStore(allocator, run, ([floor, snapshot]) => {
        allocator.readDone(snapshot, ask.withFloor ? floor : undefined, this.#now());
      });
      return;
    }
    this.#callStore(
      allocator,
      () => this.#store.write(ask.record, ask.over),
      (version) => {
        if (version === undefined) allocator.writeConflict();
        else allocator.writeDone(version, this.#now());
        if (allocator.released) this.onReleased();
      },
      true,
    );
  }

  /** A call may be lost on the way there or back, or arrive long after its caller gave up. */
  #callStore<T>(allocator: Allocator, run: () => T, done: (result: T) => void, isWrite = false): void {
    const { random, after, now } = this.#timeline;
    this.#call += 1;
    const call = this.#call;
    const finish = (report: () => void): void => {
      this.#deliver(() => {
        if (call !== this.#call || this.#allocator !== allocator) return;
        this.#call += 1;
        report();
        this.#drive();
      });
    };
    after(timeoutMs, () => {
      finish(() => {
        if (isWrite) allocator.writeUnknown(this.#now());
        else allocator.readFailed(this.#now());
      });
    });
    const cut = this.#cutOff !== undefined && now() < this.#cutOff.until ? this.#cutOff.what : undefined;
    const fate = this.#options.flawless === true ? 1 : random();
    if (cut === 'request' || fate < 0.01) return;
    const travel = fate < 0.03 ? 300 + random() * 5_000 : this.#latency();
    after(travel, () => {
      const result = run();
      if (cut === 'reply' || (fate < 1 && random() < 0.02)) return;
      after(this.#latency(), () => finish(() => done(result)));
    });
  }
}

import { type Identity, identityText, isPredecessor } from './identity.ts';
import { expiryOf, type HeldLease, heldLease, type Instant, stands } from './lease-clock.ts';
import { Pool, type PoolLimits } from './pool.ts';
import {
  type Author,
  acquire,
  type CounterConfig,
  type Demand,
  endOf,
  type HolderEndpoint,
  type LedgerRecord,
  release,
  renew,
  reserveOnly,
} from './record.ts';
import { type Floor, type LedgerSnapshot, newMemory, regression, remember } from './sighting.ts';
import type { Range } from './value.ts';

/** Unique: every process reserves blocks. Strict: one holder at a time, whose blocks are the only ones in use. */
export type Ordering = 'Unique' | 'Strict';

export interface AllocatorOptions {
  readonly ordering: Ordering;
  readonly identity: Identity;
  readonly endpoint?: HolderEndpoint;
  readonly counters: readonly CounterConfig[];
  /** Others wait this long for a silent holder (Strict), in ms. */
  readonly leaseMs: number;
  readonly pool: PoolLimits;
  /** A text that no other write ever had. */
  readonly newNonce: () => string;
}

/** What should happen next; the driver does it and reports back. One store call at a time. */
export type Ask =
  | { readonly kind: 'read'; readonly withFloor: boolean }
  | { readonly kind: 'write'; readonly record: LedgerRecord; readonly over: LedgerSnapshot }
  /** Nothing before this monotonic time (ms), unless something is reported or wanted earlier. */
  | { readonly kind: 'wait'; readonly until: number };

export type Taken =
  /** `low`: ask `next` soon, more numbers should be reserved. */
  | { readonly kind: 'taken'; readonly ranges: readonly Range[]; readonly epoch: bigint; readonly low: boolean }
  /** A reservation is needed first: say so by `want`. */
  | { readonly kind: 'refill' }
  /** Another process has the numbers, or nobody yet. */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'exhausted' }
  | { readonly kind: 'regressed'; readonly reason: string };

interface Known extends LedgerSnapshot {
  /** Monotonic ms at which this process first saw this version. */
  readonly changedAt: number;
  /** Compared with the status of the resource as well. */
  readonly floorChecked: boolean;
}

interface Write {
  readonly kind: 'write';
  readonly purpose: 'acquire' | 'renew' | 'reserve' | 'release';
  readonly sentAt: Instant;
  readonly over: LedgerSnapshot;
  readonly record: LedgerRecord;
  readonly demands: readonly Demand[];
  readonly blocks: ReadonlyMap<string, Range>;
}

interface Counter {
  readonly config: CounterConfig;
  readonly pool: Pool;
  /** Numbers that requests wait for. */
  waiting: number;
  exhausted: boolean;
}

const longestPollMs = 500;
const vacantPollMs = 50;
const idlePollMs = 10_000;
/** After a hand-over, the named successor goes first; the others step in when it does not. */
const holdBackMs = 300;
const firstRetryMs = 50;
const longestRetryMs = 1_000;

/**
 * Decides what a process may hand out and what it must do at the ledger for it. No I/O, no clock of its own: the driver
 * passes both clocks in and carries out what `next` asks for, so every interleaving can be replayed in a test.
 *
 * A number leaves only from a block that this process won by compare-and-swap; clocks decide order and availability only.
 */
export class Allocator {
  readonly #options: AllocatorOptions;
  readonly #self: string;
  readonly #counters: Map<string, Counter>;
  readonly #memory = newMemory();
  #known: Known | undefined;
  /** What is known may be out of date: read before the next decision. */
  #outdated = true;
  /** The store call under way. */
  #busy: { readonly kind: 'read'; readonly withFloor: boolean } | Write | undefined;
  /** A write whose outcome is not known: the next read tells. */
  #doubt: Write | undefined;
  #lease: HeldLease | undefined;
  /** Epoch under which the numbers in hand were won; undefined before the first win. */
  #epoch: bigint | undefined;
  #trouble: string | undefined;
  #invited = false;
  #stopping = false;
  #released = false;
  #pollAt = 0;
  #retryAt = 0;
  #retryMs = firstRetryMs;

  constructor(options: AllocatorOptions) {
    this.#options = options;
    this.#self = identityText(options.identity);
    this.#counters = new Map(
      options.counters.map((config) => [
        config.name,
        { config, pool: new Pool(config.step, options.pool), waiting: 0, exhausted: false },
      ]),
    );
  }

  /**
   * Takes `count` numbers, all or none. `now` must have been read for this request and not before: a paused process that
   * wakes up works off old requests before any timer fires.
   */
  take(name: string, count: number, now: Instant): Taken {
    const counter = this.#counters.get(name);
    if (counter === undefined) throw new Error(`there is no counter ${name}`);
    if (this.#trouble !== undefined) return { kind: 'regressed', reason: this.#trouble };
    if (!this.#mayHandOut(now) || this.#epoch === undefined) return { kind: 'elsewhere' };
    const ranges = counter.pool.take(count);
    if (ranges !== undefined) return { kind: 'taken', ranges, epoch: this.#epoch, low: counter.pool.low };
    return { kind: counter.exhausted ? 'exhausted' : 'refill' };
  }

  /** How many numbers of a counter requests wait for in all: the next reservation covers them. */
  want(name: string, total: number): void {
    const counter = this.#counters.get(name);
    if (counter !== undefined) counter.waiting = total;
  }

  /** What to do now. The driver calls it after every report, at the time of a `wait`, and when a take was not served. */
  next(now: Instant): Ask {
    if (this.#busy !== undefined) return { kind: 'wait', until: Number.POSITIVE_INFINITY };
    if (this.#lease !== undefined && !stands(this.#lease, now)) this.#forgetAll();
    if (now.monotonic < this.#retryAt) return { kind: 'wait', until: this.#retryAt };
    if (this.#known === undefined || this.#outdated) return this.#read(this.#lease === undefined);
    if (this.#trouble !== undefined) return this.#read(true);
    return this.#options.ordering === 'Strict'
      ? this.#nextStrict(this.#known, now)
      : this.#nextUnique(this.#known, now);
  }

  readDone(snapshot: LedgerSnapshot | undefined, floor: Floor | undefined, now: Instant): void {
    const withFloor = this.#finishRead();
    this.#outdated = false;
    this.#retryMs = firstRetryMs;
    const doubt = this.#doubt;
    this.#doubt = undefined;
    const wrong =
      snapshot === undefined
        ? 'the ledger is missing'
        : regression(snapshot, this.#memory, floor, this.#options.counters);
    this.#pollAt = now.monotonic + this.#pollMs(snapshot);
    if (snapshot === undefined || wrong !== undefined) {
      this.#trouble = wrong;
      this.#forgetAll();
      this.#known = undefined;
      this.#retryAt = now.monotonic + longestRetryMs;
      return;
    }
    this.#trouble = undefined;
    remember(snapshot, this.#memory);
    this.#know(snapshot, withFloor, now);
    if (doubt !== undefined && snapshot.record.nonce === doubt.record.nonce) this.#won(doubt, now);
    // Somebody took over in spite of the lease, or a release of this process came through after all.
    const { holder, epoch } = snapshot.record;
    if (this.#lease !== undefined && (holder !== this.#self || epoch !== this.#epoch)) this.#forgetAll();
  }

  readFailed(now: Instant): void {
    this.#finishRead();
    this.#backOff(now);
  }

  /** The write took place and the ledger now has this version. */
  writeDone(version: string, now: Instant): void {
    const write = this.#finishWrite();
    this.#retryMs = firstRetryMs;
    const snapshot = { record: write.record, version, id: write.over.id };
    remember(snapshot, this.#memory);
    this.#know(snapshot, true, now);
    this.#won(write, now);
  }

  /**
   * The store refused the write since the ledger had changed. By whom is read next: an HTTP client may have sent the same
   * write twice, and then the change was this very write.
   */
  writeConflict(): void {
    this.#doubt = this.#finishWrite();
    this.#outdated = true;
  }

  /** No answer: the write happened, did not happen, or will happen yet. Its numbers stay unused until a read tells. */
  writeUnknown(now: Instant): void {
    this.writeConflict();
    this.#backOff(now);
  }

  /** The holder says that it let go and that this process shall be next. */
  invite(): void {
    this.#invited = true;
    this.nudge();
  }

  /** Something happened to the holder: look at the ledger now rather than at the next poll. */
  nudge(): void {
    this.#pollAt = 0;
    this.#retryAt = 0;
  }

  /** Hands out nothing from now on and gives the ledger up. */
  stop(): void {
    this.#stopping = true;
  }

  /** Whether a stop is complete: nothing is left to give up. */
  get released(): boolean {
    return this.#released;
  }

  view(now: Instant): AllocatorView {
    const record = this.#known?.record;
    return {
      handsOut: this.#trouble === undefined && this.#mayHandOut(now) && this.#epoch !== undefined,
      holds: this.#lease !== undefined && stands(this.#lease, now),
      deadlineInMs: this.#lease === undefined ? undefined : this.#lease.deadline - now.monotonic,
      trouble: this.#trouble,
      record,
      inHand: new Map([...this.#counters].map(([name, { pool }]) => [name, pool.left])),
    };
  }

  #mayHandOut(now: Instant): boolean {
    if (this.#stopping) return false;
    return this.#options.ordering === 'Unique' || (this.#lease !== undefined && stands(this.#lease, now));
  }

  #nextStrict(known: Known, now: Instant): Ask {
    if (this.#lease !== undefined) {
      if (this.#stopping) return this.#release(known, now);
      const demands = this.#demands(now);
      const renewAt = this.#lease.sentAt.monotonic + this.#options.leaseMs / 4;
      if (demands.length === 0 && now.monotonic < renewAt) return { kind: 'wait', until: renewAt };
      const author = this.#author();
      return this.#write('renew', known, renew(known.record, author, demands), demands, now);
    }
    if (this.#stopping) this.#released = true;
    const freeAt = this.#stopping ? Number.POSITIVE_INFINITY : this.#freeAt(known);
    if (now.monotonic < freeAt) return this.#poll(now, freeAt);
    // Look again, with the status of the resource: the ledger may have moved while this process was paused.
    if (!known.floorChecked) return this.#read(true);
    const demands = this.#demands(now);
    return this.#write('acquire', known, acquire(known.record, this.#author(), demands, true), demands, now);
  }

  #nextUnique(known: Known, now: Instant): Ask {
    if (this.#stopping) return this.#nextAtStop(known, now);
    const demands = this.#demands(now);
    if (demands.length === 0) return this.#poll(now, Number.POSITIVE_INFINITY);
    if (this.#epoch !== undefined) {
      return this.#write('reserve', known, reserveOnly(known.record, this.#author(), demands), demands, now);
    }
    if (!known.floorChecked) return this.#read(true);
    return this.#write('acquire', known, acquire(known.record, this.#author(), demands, false), demands, now);
  }

  /** Monotonic ms from which this process may try to take the ledger over. */
  #freeAt({ record, changedAt }: Known): number {
    const { holder, epoch } = record;
    // A write of this process that was given up as lost may have come through after all.
    if (holder === this.#self || isPredecessor(holder, this.#options.identity)) return 0;
    if (holder === '') return epoch === 0n || this.#invited ? 0 : changedAt + holdBackMs;
    return expiryOf(changedAt, Math.max(record.leaseMs, this.#options.leaseMs));
  }

  #demands(now: Instant): Demand[] {
    const demands: Demand[] = [];
    for (const { config, pool, waiting, exhausted } of this.#counters.values()) {
      if (exhausted || (!pool.low && waiting <= pool.left)) continue;
      demands.push({ counter: config, count: pool.blockSize(now.monotonic, waiting) });
    }
    return demands;
  }

  #author(): Author {
    const { endpoint, leaseMs, newNonce } = this.#options;
    return { identity: this.#self, leaseMs, nonce: newNonce(), ...(endpoint !== undefined && { endpoint }) };
  }

  #write(
    purpose: Write['purpose'],
    over: LedgerSnapshot,
    { record, blocks }: { record: LedgerRecord; blocks: ReadonlyMap<string, Range> },
    demands: readonly Demand[],
    sentAt: Instant,
  ): Ask {
    const write: Write = { kind: 'write', purpose, sentAt, over, record, demands, blocks };
    this.#busy = write;
    return { kind: 'write', record, over };
  }

  #release(known: Known, now: Instant): Ask {
    const record = release(known.record, this.#author(), this.#tails(), this.#options.counters);
    return this.#write('release', known, { record, blocks: new Map() }, [], now);
  }

  #tails(): Map<string, Range> {
    const tails = new Map<string, Range>();
    for (const [name, { pool }] of this.#counters) {
      const tail = pool.tail();
      if (tail !== undefined) tails.set(name, tail);
    }
    return tails;
  }

  /** What was reserved last and not handed out goes back to the ledger, unless another process reserved since. */
  #nextAtStop(known: Known, now: Instant): Ask {
    const newest = [...this.#tails()].some(([name, tail]) => {
      const counter = this.#counters.get(name);
      return counter !== undefined && endOf(tail, counter.config.step) === known.record.marks.get(name)?.high;
    });
    if (newest) return this.#release(known, now);
    this.#released = true;
    this.#forgetAll();
    return this.#poll(now, Number.POSITIVE_INFINITY);
  }

  #won({ purpose, sentAt, record, demands, blocks }: Write, now: Instant): void {
    if (purpose === 'release') {
      this.#forgetAll();
      this.#released = true;
      return;
    }
    // The lease ran out while the outcome was open, and what was in hand is forgotten: take over anew, above all this.
    if (purpose === 'renew' && this.#lease === undefined) return;
    if (this.#options.ordering === 'Strict') {
      if (purpose === 'acquire') this.#forgetAll();
      this.#lease = heldLease(sentAt, this.#options.leaseMs);
      this.#invited = false;
    }
    this.#epoch = record.epoch;
    for (const { counter: config } of demands) {
      const counter = this.#counters.get(config.name);
      const block = blocks.get(config.name);
      if (counter === undefined) continue;
      if (block === undefined) counter.exhausted = true;
      else counter.pool.refill(block, now.monotonic);
    }
  }

  /** The lease is over, or the ledger is not believed: another process may have handed out larger numbers. */
  #forgetAll(): void {
    this.#lease = undefined;
    this.#epoch = undefined;
    for (const { pool } of this.#counters.values()) pool.clear();
  }

  #know(snapshot: LedgerSnapshot, floorChecked: boolean, now: Instant): void {
    const before = this.#known;
    const same = before !== undefined && before.version === snapshot.version && before.id === snapshot.id;
    this.#known = { ...snapshot, changedAt: same ? before.changedAt : now.monotonic, floorChecked };
  }

  #read(withFloor: boolean): Ask {
    this.#busy = { kind: 'read', withFloor };
    return this.#busy;
  }

  /** Reads when a poll is due, and waits until then or `until` otherwise. */
  #poll(now: Instant, until: number): Ask {
    // With Unique, whatever was read may be written over next; with Strict, a take-over looks at the status first.
    if (now.monotonic >= this.#pollAt) return this.#read(this.#options.ordering === 'Unique');
    return { kind: 'wait', until: Math.min(this.#pollAt, until) };
  }

  #pollMs(snapshot: LedgerSnapshot | undefined): number {
    if (this.#options.ordering === 'Unique') return idlePollMs;
    // Between two holders: requests wait.
    if (snapshot?.record.holder === '') return vacantPollMs;
    return Math.min(this.#options.leaseMs / 6, longestPollMs);
  }

  #backOff(now: Instant): void {
    this.#retryAt = now.monotonic + this.#retryMs;
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
  }

  #finishRead(): boolean {
    const busy = this.#busy;
    if (busy?.kind !== 'read') throw new Error('a read was reported that nobody asked for');
    this.#busy = undefined;
    return busy.withFloor;
  }

  #finishWrite(): Write {
    const busy = this.#busy;
    if (busy?.kind !== 'write') throw new Error('a write was reported that nobody asked for');
    this.#busy = undefined;
    return busy;
  }
}

/** For health, metrics and routing; no decision about numbers is made from it. */
export interface AllocatorView {
  /** Numbers are given out by this process. */
  readonly handsOut: boolean;
  /** This process holds the lease (Strict). */
  readonly holds: boolean;
  readonly deadlineInMs: number | undefined;
  /** Why the ledger is not believed; no numbers while this is set. */
  readonly trouble: string | undefined;
  readonly record: LedgerRecord | undefined;
  readonly inHand: ReadonlyMap<string, number>;
}

import { maxValue, type Range } from './value.ts';

/** What one counter is configured to hand out. Neither start nor step ever changes (the API refuses it). */
export interface CounterConfig {
  readonly name: string;
  readonly start: bigint;
  readonly step: bigint;
}

export interface CounterMark {
  /** The first value that no process ever reserved. Never falls. */
  readonly high: bigint;
  /**
   * Set by a clean hand-over only: values from here up to `high` were reserved and not handed out. The next write of
   * anybody takes them over, so they can be used once.
   */
  readonly rest?: bigint;
}

/** How to reach the holder: its TLS endpoint for the other replicas, and the SHA-256 of its public key. */
export interface HolderEndpoint {
  readonly address: string;
  readonly pin: string;
}

/**
 * The whole truth about a resource's counters, one object in the store, because no store object can fence another.
 * One record holds all named counters of a resource: they share one holder and one renewal.
 */
export interface LedgerRecord {
  /** 1 for the format described here. A program refuses a newer one. */
  readonly formatVersion: number;
  /** +1 whenever a process takes the ledger over, also when it is the same process as before. */
  readonly epoch: bigint;
  /** Identity of the holder (Strict); '' when nobody holds it. */
  readonly holder: string;
  readonly endpoint?: HolderEndpoint;
  /** How long others wait for a silent holder, in ms. */
  readonly leaseMs: number;
  /** Names the last write, so that its author can tell whether a write of unknown outcome happened. */
  readonly nonce: string;
  readonly marks: ReadonlyMap<string, CounterMark>;
}

export const formatVersion = 1;

export function emptyRecord(counters: readonly CounterConfig[], leaseMs: number): LedgerRecord {
  const marks = new Map(counters.map(({ name, start }) => [name, { high: start }]));
  return { formatVersion, epoch: 0n, holder: '', leaseMs, nonce: '', marks };
}

/** How many numbers of which counter are wanted. */
export interface Demand {
  readonly counter: CounterConfig;
  readonly count: number;
}

export interface Granted {
  readonly record: LedgerRecord;
  /** Usable only after the record was written by compare-and-swap. Without an entry: the counter is used up. */
  readonly blocks: ReadonlyMap<string, Range>;
}

/** Who writes, under which nonce. */
export interface Author {
  readonly identity: string;
  readonly endpoint?: HolderEndpoint;
  readonly leaseMs: number;
  readonly nonce: string;
}

/** Takes the ledger over (Strict), or joins its users (Unique: `hold` false). Blocks start above everything before. */
export function acquire(record: LedgerRecord, author: Author, demands: readonly Demand[], hold: boolean): Granted {
  const epoch = record.epoch + 1n;
  return reserve(hold ? held(record, author, epoch) : { ...record, epoch, nonce: author.nonce }, demands);
}

/** Prolongs the lease and reserves in the same write. `author` must be the holder. */
export function renew(record: LedgerRecord, author: Author, demands: readonly Demand[]): Granted {
  return reserve(held(record, author, record.epoch), demands);
}

/** Reserves without holding (Unique). */
export function reserveOnly(record: LedgerRecord, author: Author, demands: readonly Demand[]): Granted {
  return reserve({ ...record, nonce: author.nonce }, demands);
}

/**
 * Gives the ledger up. `unused` holds, per counter, the range in hand; it returns to the ledger when it is the newest
 * one, so that a clean hand-over leaves no gap.
 */
export function release(
  record: LedgerRecord,
  author: Author,
  unused: ReadonlyMap<string, Range>,
  counters: readonly CounterConfig[],
): LedgerRecord {
  const marks = new Map(record.marks);
  for (const { name, step } of counters) {
    const mark = marks.get(name);
    const range = unused.get(name);
    if (mark === undefined || range === undefined) continue;
    if (endOf(range, step) === mark.high) marks.set(name, { high: mark.high, rest: range.first });
  }
  const { endpoint: _gone, ...kept } = record;
  const holder = record.holder === author.identity ? '' : record.holder;
  if (holder !== '') return { ...record, nonce: author.nonce, marks };
  return { ...kept, holder, nonce: author.nonce, marks };
}

/** First value behind a range. */
export function endOf({ first, count }: Range, step: bigint): bigint {
  return first + BigInt(count) * step;
}

function held(record: LedgerRecord, { identity, endpoint, leaseMs, nonce }: Author, epoch: bigint): LedgerRecord {
  const { endpoint: _previous, ...kept } = record;
  return { ...kept, epoch, holder: identity, leaseMs, nonce, ...(endpoint !== undefined && { endpoint }) };
}

function reserve(record: LedgerRecord, demands: readonly Demand[]): Granted {
  const marks = new Map(record.marks);
  const blocks = new Map<string, Range>();
  for (const { counter, count } of demands) {
    const { name, start, step } = counter;
    const mark = marks.get(name) ?? { high: start };
    const first = mark.rest ?? mark.high;
    // Each reservation raises the mark, also one that takes over a rest: marks that look alike then mean that nothing was
    // reserved in between, which is what tells a rolled-back ledger.
    const least = mark.high + step;
    const wanted = first + BigInt(count) * step;
    const high = min(wanted > least ? wanted : least, first + ((maxValue - first) / step + 1n) * step);
    if (first > maxValue || high < least) {
      marks.set(name, mark);
      continue;
    }
    blocks.set(name, { first, count: Number((high - first) / step) });
    marks.set(name, { high });
  }
  return { record: { ...record, marks }, blocks };
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

import type { CounterConfig, LedgerRecord } from './record.ts';
import { formatVersion } from './record.ts';

/** A ledger as one read found it. */
export interface LedgerSnapshot {
  readonly record: LedgerRecord;
  /** What a write must name: the store refuses it when the ledger has changed since. */
  readonly version: string;
  /** Identity of the object in the store (uid): another one means the ledger was made again. */
  readonly id: string;
}

/** What is known about the ledger outside of it: the status of the resource. Lags behind, never runs ahead. */
export interface Floor {
  /** The ledger that the operator knows; absent before it recorded one. */
  readonly ledgerId?: string;
  /** Per counter, a number such that the ledger's mark must be above it. */
  readonly highWater: ReadonlyMap<string, bigint>;
}

/** The largest marks this process has seen, and where. */
export interface Memory {
  ledgerId: string | undefined;
  epoch: bigint;
  readonly highs: Map<string, bigint>;
}

export function newMemory(): Memory {
  return { ledgerId: undefined, epoch: 0n, highs: new Map() };
}

/**
 * Why `snapshot` must not be believed, or undefined. Compare-and-swap cannot see a store that was rolled back or a ledger
 * that was deleted and made again; the memory of this process and the status of the resource can.
 */
export function regression(
  snapshot: LedgerSnapshot,
  memory: Memory,
  floor: Floor | undefined,
  counters: readonly CounterConfig[],
): string | undefined {
  const { record, id } = snapshot;
  if (record.formatVersion > formatVersion) {
    return `the ledger has format ${record.formatVersion}, this program knows formats up to ${formatVersion}`;
  }
  const known = floor?.ledgerId ?? memory.ledgerId;
  if (known !== undefined && known !== id) return `the ledger was replaced: its uid is ${id}, not ${known}`;
  if (record.epoch < memory.epoch) return `the ledger fell back from epoch ${memory.epoch} to ${record.epoch}`;
  for (const { name, start } of counters) {
    const high = record.marks.get(name)?.high ?? start;
    const seen = memory.highs.get(name) ?? start;
    if (high < seen) return `the mark of counter ${name} fell from ${seen} to ${high}`;
    const mirrored = floor?.highWater.get(name);
    // Up to `start` the status says "nothing yet": the first reservation is many numbers long.
    if (mirrored !== undefined && mirrored > start && high <= mirrored) {
      return `the mark of counter ${name} is ${high}, but numbers up to ${mirrored} may be in use`;
    }
  }
  return undefined;
}

export function remember(snapshot: LedgerSnapshot, memory: Memory): void {
  memory.ledgerId = snapshot.id;
  memory.epoch = snapshot.record.epoch;
  for (const [name, { high }] of snapshot.record.marks) memory.highs.set(name, high);
}

import type { LedgerRecord } from '../core/record.ts';
import type { Floor, LedgerSnapshot } from '../core/sighting.ts';

/**
 * Where the ledger lives. All that the counter asks of a store is one object with compare-and-swap and quorum reads, so
 * a table row, a Redis stream or an etcd key can stand behind this as well as a Lease or a file.
 */
export interface Ledger {
  /** The ledger as the store has it now: never from a cache. Undefined when there is none. */
  read(signal: AbortSignal): Promise<LedgerSnapshot | undefined>;
  /** What is known about the ledger outside of it; undefined where nothing is kept. */
  readFloor(signal: AbortSignal): Promise<Floor | undefined>;
  /**
   * Replaces the record if the ledger is still the one of `over` and resolves to its new version. Rejects with
   * `LedgerConflict` when it is not. After any other rejection, and after an abort, the outcome is unknown.
   */
  write(record: LedgerRecord, over: LedgerSnapshot, signal: AbortSignal): Promise<string>;
  close(): Promise<void>;
}

/** The ledger has changed since it was read: nothing was written. */
export class LedgerConflict extends Error {
  override readonly name = 'LedgerConflict';
}

/** A term of leadership as the work that is done in it sees it. */
export interface Leadership {
  /** `leaseTransitions` of the Lease; 0 without an election. */
  readonly epoch: number;
  /**
   * Whether nobody else can lead yet. Asks the clock and not a timer: a process that was frozen past its lease finds out
   * here, before any timer has run, and its signal aborts within the call.
   */
  isHeld(): boolean;
  /** For right before a write leaves: throws Deposed when leadership is not held. */
  assertMayWrite(): void;
}

/** A write was not sent since this process does not lead, or may not lead any more. */
export class Deposed extends Error {
  override readonly name = 'Deposed';
}

/** Without an election: nobody to be deposed by. */
export const unopposed: Leadership = { epoch: 0, isHeld: () => true, assertMayWrite: () => {} };

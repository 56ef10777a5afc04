import type { Frame } from './frame.ts';

/**
 * The log of commands: what is in it happened, in this order. One writer. Another kind of log (a replicated stream) takes the
 * place of the file by this interface.
 */
export interface Journal {
  /** Sequence of the last durable command, 0 when there is none. */
  readonly lastSequence: number;
  /**
   * Appends the commands after `lastSequence`. Resolves when they are on stable storage, and only then may anybody be told.
   * Rejects with SLUICE_DISK_FULL when nothing was written (a later append may succeed), and with
   * SLUICE_JOURNAL_FAILED when the outcome is unknown: this journal then never accepts anything again.
   */
  append(frame: Frame): Promise<void>;
  /** Forgets what no retained snapshot needs: everything up to and with `sequence`. */
  discardThrough(sequence: number): Promise<void>;
  close(): Promise<void>;
}

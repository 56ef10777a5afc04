import type { KubeClient } from '@sluice/runtime';
import type { Stage } from '@sluice/runtime/testing';

/** One of the loops of the cluster. */
export interface Part {
  /** Does what is to be done now. Level-triggered: called again after any write, and at the time that `wakeAt` was given. */
  sync(): Promise<void>;
}

export interface PartInput {
  readonly stage: Stage;
  readonly client: KubeClient;
  /** Calls `sync` again at this time, in monotonic milliseconds. */
  readonly wakeAt: (ms: number) => void;
}

/** A time of about so long, in milliseconds. */
export function about(stage: Stage, ms: number): number {
  return ms * (0.5 + stage.random());
}

import type { Clock } from '../clock.ts';
import { compareVersions } from '../watch/resource-version.ts';

/** Promises that wait for a store to reach a resourceVersion. */
export interface Waiters {
  /** Resolves true when `reached` has told of `version` or a later one, false after `timeoutMs`. */
  wait(version: string, timeoutMs: number): Promise<boolean>;
  reached(version: string): void;
}

export function createWaiters(clock: Clock): Waiters {
  const waiting = new Set<{ version: string; settle: (caughtUp: boolean) => void }>();
  let latest: string | undefined;
  return {
    wait(version, timeoutMs) {
      if (latest !== undefined && compareVersions(latest, version) >= 0) return Promise.resolve(true);
      return new Promise((resolve) => {
        const entry = {
          version,
          settle: (caughtUp: boolean): void => {
            waiting.delete(entry);
            cancel();
            resolve(caughtUp);
          },
        };
        const cancel = clock.setTimer(timeoutMs, () => entry.settle(false));
        waiting.add(entry);
      });
    },
    reached(version) {
      latest = version;
      for (const entry of waiting) if (compareVersions(version, entry.version) >= 0) entry.settle(true);
    },
  };
}

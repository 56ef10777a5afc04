import type { Random } from '../../clock.ts';
import { KubeApiError } from '../../kube/client.ts';
import { type FaultClass, type FaultCounts, type FaultPlan, pick, type Strike } from './faults.ts';

/** What happens to one request. */
export type Fate =
  | { readonly kind: 'passes' }
  /** The server says no, and does nothing. */
  | { readonly kind: 'refused'; readonly error: KubeApiError }
  | { readonly kind: 'unheard' }
  | { readonly kind: 'answerLost' }
  | { readonly kind: 'struck'; readonly strike: Strike };

export type WatchFate = 'passes' | 'merged' | 'expired' | 'cut';

const passes: Fate = { kind: 'passes' };

/** Decides what goes wrong, and counts it. Draws from its own randomness in the order in which things happen. */
export class Injector {
  readonly counts: FaultCounts = {};
  readonly #plan: FaultPlan;
  readonly #random: Random;
  readonly #note: (fault: string) => void;
  #strikes: Strike[];
  #writes = 0;
  #failed = 0;
  #watchFaults = 0;
  #over = false;
  #unheard = 0;

  /** `note` is told of each fault as it happens. */
  constructor(plan: FaultPlan, random: Random, note: (fault: string) => void) {
    this.#plan = plan;
    this.#random = random;
    this.#note = note;
    this.#strikes = [...plan.strikes];
  }

  /** Nothing goes wrong any more. */
  end(): void {
    this.#over = true;
  }

  /** Writes of all processes so far, those that were struck or refused included. */
  get writes(): number {
    return this.#writes;
  }

  /** Requests that were refused or not answered so far. */
  get failed(): number {
    return this.#failed;
  }

  /** Requests whose callers still wait for an answer that will not come. */
  get unheard(): number {
    return this.#unheard;
  }

  /** A caller waits in vain from now on; the returned function ends that. */
  beginUnheard(): () => void {
    this.#unheard++;
    return () => {
      this.#unheard--;
      this.#note('a deadline without an answer');
    };
  }

  /** Strikes fall on every write but those for the election. */
  fateOf(isWrite: boolean, isElection: boolean): Fate {
    if (isWrite && !isElection) this.#writes++;
    if (this.#over) return passes;
    const [next] = this.#strikes;
    if (isWrite && !isElection && next !== undefined && next.atWrite <= this.#writes) {
      this.#strikes = this.#strikes.slice(1);
      return { kind: 'struck', strike: next };
    }
    const { share, most } = this.#plan.failing;
    if (this.#failed >= most || this.#random() >= share) return passes;
    this.#failed++;
    return this.#failure(isWrite);
  }

  #failure(isWrite: boolean): Fate {
    switch (pick(this.#random, isWrite ? WRITE_FAILURES : READ_FAILURES)) {
      case 409:
        this.count('answer 409');
        return refused(new KubeApiError(409, 'Conflict', 'the object has been modified (injected)'));
      case 429:
        this.count('answer 429');
        return refused(new KubeApiError(429, 'TooManyRequests', 'too many requests (injected)', 1));
      case 500:
        this.count('answer 500');
        return refused(new KubeApiError(500, 'InternalError', 'etcdserver: leader changed (injected)'));
      case 503:
        this.count('answer 503');
        return refused(new KubeApiError(503, 'ServiceUnavailable', 'apiserver is shutting down (injected)'));
      case 'unheard':
        this.count('no answer, nothing done');
        return { kind: 'unheard' };
      case 'answerLost':
        this.count('answer lost, write done');
        return { kind: 'answerLost' };
    }
  }

  /** After a write of the operator took effect: how long the watches are held. */
  delayAfterWrite(): number {
    if (this.#over || this.#plan.delayShare === 0 || this.#random() >= this.#plan.delayShare) return 0;
    this.count('watch delayed after an own write');
    // The runtime waits five seconds for its own writes: now and then longer than that.
    return 100 + this.#random() ** 2 * 8_000;
  }

  fateOfWatch(): WatchFate {
    const { share, most } = this.#plan.watch;
    if (this.#over || this.#watchFaults >= most || this.#random() >= share) return 'passes';
    this.#watchFaults++;
    return pick(this.#random, ['merged', 'expired', 'cut'] as const);
  }

  count(fault: FaultClass): void {
    this.counts[fault] = (this.counts[fault] ?? 0) + 1;
    this.#note(fault);
  }
}

const WRITE_FAILURES = [409, 429, 500, 503, 'unheard', 'answerLost', 'answerLost'] as const;
const READ_FAILURES = [429, 500, 503, 'unheard'] as const;

function refused(error: KubeApiError): Fate {
  return { kind: 'refused', error };
}

import type { Clock, Random } from '../../clock.ts';
import { KubeApiError, type KubeClient } from '../../kube/client.ts';
import type { KubeObject, ObjectKey } from '../../kube/object.ts';
import type { Lease } from '../../kube/resources.ts';
import type { VirtualClock } from '../../testing/virtual-clock.ts';

/** An API server with one object, as far as an election uses it: compare-and-swap, late answers and lost ones. */
export function createLeaseServer(clock: Clock, random: Random) {
  let stored: KubeObject | undefined;
  let version = 0;
  let trouble = 0;
  let slownessMs = 0;

  const store = (object: KubeObject): KubeObject => {
    version++;
    stored = structuredClone({ ...object, metadata: { ...object.metadata, resourceVersion: String(version) } });
    return structuredClone(stored);
  };

  /** Runs `execute` on the server some time after the call; the answer comes some time after that, or never. */
  async function call<T>(
    process: Clock,
    execute: () => T,
    { timeoutMs = 10_000, signal }: { timeoutMs?: number; signal?: AbortSignal } = {},
  ) {
    const delayMs = () => (random() < trouble ? random() * 12_000 : 1 + random() * 20);
    const isLost = random() < trouble;
    return new Promise<T>((resolve, reject) => {
      const end = (settle: () => void): void => {
        cancelTimeout();
        settle();
      };
      const cancelTimeout = process.setTimer(timeoutMs, () => reject(new Error('no answer within the deadline')));
      signal?.addEventListener('abort', () => end(() => reject(signal.reason)), { once: true });
      clock.setTimer(delayMs(), () => {
        if (isLost && random() < 0.5) return process.setTimer(0, () => end(() => reject(new Error('refused'))));
        let settle: () => void;
        try {
          const result = execute();
          settle = () => (isLost ? reject(new Error('connection reset')) : resolve(result));
        } catch (error) {
          settle = () => reject(error);
        }
        const answerMs = delayMs() + slownessMs;
        return clock.setTimer(answerMs, () => process.setTimer(0, () => end(settle)));
      });
    });
  }

  /** The client of one process, which sees answers only while it runs. */
  const clientOf = (process: Clock): Pick<KubeClient, 'get' | 'create' | 'replace'> => ({
    get: <T extends KubeObject>(_: unknown, __: ObjectKey, options?: object) =>
      call(process, () => structuredClone(stored) as T | undefined, options),
    create: <T extends KubeObject>(_: unknown, object: T, options?: object) =>
      call(
        process,
        () => {
          if (stored !== undefined) throw new KubeApiError(409, 'AlreadyExists', 'it exists');
          return store(object) as T;
        },
        options,
      ),
    replace: <T extends KubeObject>(_: unknown, object: T, options?: object) =>
      call(
        process,
        () => {
          if (stored?.metadata.resourceVersion !== object.metadata.resourceVersion) {
            throw new KubeApiError(409, 'Conflict', 'it has changed');
          }
          return store(object) as T;
        },
        options,
      ),
  });

  return {
    clientOf,
    lease: () => stored,
    /** Somebody else writes: a label, say. */
    touch: () => {
      if (stored !== undefined) store(stored);
    },
    /** Somebody else takes the Lease by force, as with kubectl. */
    seize: (holderIdentity: string) => {
      const lease = stored as Lease | undefined;
      if (lease !== undefined) store({ ...lease, spec: { ...lease.spec, holderIdentity } } as Lease);
    },
    /** Answers take so much longer, although the server does at once what was asked. */
    setSlowness: (ms: number) => {
      slownessMs = ms;
    },
    /** Probability of a delay of seconds and of a lost request or answer, each. */
    setTrouble: (rate: number) => {
      trouble = rate;
    },
  };
}

/**
 * The clock of one process on a shared world clock: it runs a little fast or slow, has a wall clock of its own, and stands
 * still for the process while that is stopped (SIGSTOP, a swapping host, a stuck event loop): time passes, nothing runs.
 */
export class ProcessClock implements Clock {
  readonly #world: VirtualClock;
  readonly #rate: number;
  readonly #wallOffsetMs: number;
  readonly #late: (() => void)[] = [];
  #stopped = false;

  constructor(world: VirtualClock, rate: number, wallOffsetMs: number) {
    this.#world = world;
    this.#rate = rate;
    this.#wallOffsetMs = wallOffsetMs;
  }

  now(): number {
    return this.#world.now() + this.#wallOffsetMs;
  }

  monotonic(): number {
    return this.#world.monotonic() * this.#rate;
  }

  setTimer(ms: number, fn: () => void): () => void {
    let cancelled = false;
    const cancel = this.#world.setTimer(ms / this.#rate, () => {
      const run = (): void => {
        if (!cancelled) fn();
      };
      if (this.#stopped) this.#late.push(run);
      else run();
    });
    return () => {
      cancelled = true;
      cancel();
    };
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Goes on: what came due meanwhile runs now, in order. */
  resume(): void {
    this.#stopped = false;
    for (const run of this.#late.splice(0)) run();
  }
}

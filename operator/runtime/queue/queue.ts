import type { Clock, Random } from '../clock.ts';

/** Why a key waits, most urgent first: somebody changed the resource, a child changed, or it is only looked at again. */
export const PRIORITIES = ['user', 'owner', 'resync'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** First and longest wait of the per-key back-off (client-go starts at 5 ms too; it ends at 1000 s, we at 5 minutes). */
const BACKOFF_BASE_MS = 5;
const BACKOFF_MAX_MS = 300_000;
/**
 * A key that has waited so long has aged: every fourth take then goes to the oldest such key, whatever its priority. A
 * flood of urgent keys cannot starve the others (controller-runtime#3496), and a flood of aged ones, as after a restart,
 * leaves three takes of four to what people change.
 */
export const AGE_LIMIT_MS = 30_000;
const AGED_SHARE = 4;
/** The longest delay that a timer of Node can hold; what is longer comes early, which is harmless. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export interface QueueItem<K> {
  readonly key: K;
  readonly reason: string;
}

export interface QueueObserver {
  added(): void;
  /** A key was handed to a worker after waiting so long. */
  started(waitMs: number): void;
  finished(workMs: number): void;
  retried(): void;
}

/**
 * A queue of keys. A key is in it at most once however often it is added; it is never with two workers at a time; what
 * is added while it is being worked on comes back when that work is done.
 */
export interface Queue<K> {
  add(key: K, priority: Priority, reason: string): void;
  /** Adds the key after `ms` milliseconds, or earlier when an earlier time is already set. */
  addAfter(key: K, ms: number, priority: Priority, reason: string): void;
  /** Adds the key after its back-off, which doubles with every call until `forget`. Returns the wait in milliseconds. */
  addRateLimited(key: K, reason: string): number;
  /** The key is fine again: its next back-off starts small. */
  forget(key: K): void;
  /** The next key, as soon as there is one; undefined after `stop` or when the signal aborts. */
  take(signal: AbortSignal): Promise<QueueItem<K> | undefined>;
  /** The worker is done with a key it took. */
  done(key: K): void;
  /** Keys that wait to be taken, without those that are delayed. */
  depth(): number;
  /** Since when each key that is being worked on is, in monotonic milliseconds. */
  working(): readonly number[];
  stop(): void;
}

export interface QueueOptions<K> {
  readonly clock: Clock;
  readonly random: Random;
  readonly text: (key: K) => string;
  readonly observer?: QueueObserver;
}

interface Waiting<K> {
  readonly key: K;
  readonly priority: Priority;
  readonly reason: string;
  readonly sinceMs: number;
}

export function createQueue<K>({ clock, random, text, observer }: QueueOptions<K>): Queue<K> {
  // Maps keep insertion order, so a lane is first in, first out.
  const lanes: Record<Priority, Map<string, Waiting<K>>> = { user: new Map(), owner: new Map(), resync: new Map() };
  const laneOf = new Map<string, Priority>();
  const workingSince = new Map<string, number>();
  const again = new Map<string, Waiting<K>>();
  const delayed = new Map<string, { readonly dueMs: number; readonly cancel: () => void }>();
  const failures = new Map<string, number>();
  const takers: (() => void)[] = [];
  let takes = 0;
  let stopped = false;

  function put(waiting: Waiting<K>): void {
    const id = text(waiting.key);
    if (workingSince.has(id)) {
      again.set(id, more(again.get(id), waiting));
      return;
    }
    const lane = laneOf.get(id);
    if (lane === undefined) {
      observer?.added();
      lanes[waiting.priority].set(id, waiting);
      laneOf.set(id, waiting.priority);
      takers.shift()?.();
    } else if (rank(waiting.priority) < rank(lane)) {
      const old = lanes[lane].get(id);
      lanes[lane].delete(id);
      lanes[waiting.priority].set(id, { ...waiting, sinceMs: old?.sinceMs ?? waiting.sinceMs });
      laneOf.set(id, waiting.priority);
    }
  }

  function pick(): Waiting<K> | undefined {
    const heads = PRIORITIES.flatMap((priority) => lanes[priority].values().next().value ?? []);
    const oldest = heads.reduce<Waiting<K> | undefined>(
      (old, head) => (old === undefined || head.sinceMs < old.sinceMs ? head : old),
      undefined,
    );
    if (oldest === undefined) return undefined;
    takes++;
    const aged = takes % AGED_SHARE === 0 && clock.monotonic() - oldest.sinceMs >= AGE_LIMIT_MS;
    const chosen = aged ? oldest : (heads[0] ?? oldest);
    const id = text(chosen.key);
    lanes[laneOf.get(id) ?? chosen.priority].delete(id);
    laneOf.delete(id);
    return chosen;
  }

  const queue: Queue<K> = {
    add(key, priority, reason) {
      if (!stopped) put({ key, priority, reason, sinceMs: clock.monotonic() });
    },
    addAfter(key, ms, priority, reason) {
      if (stopped) return;
      if (ms <= 0) return queue.add(key, priority, reason);
      const id = text(key);
      const dueMs = clock.monotonic() + ms;
      const before = delayed.get(id);
      if (before !== undefined && before.dueMs <= dueMs) return;
      before?.cancel();
      const cancel = clock.setTimer(Math.min(ms, TIMER_MAX_MS), () => {
        delayed.delete(id);
        queue.add(key, priority, reason);
      });
      delayed.set(id, { dueMs, cancel });
    },
    addRateLimited(key, reason) {
      const id = text(key);
      const count = failures.get(id) ?? 0;
      failures.set(id, count + 1);
      observer?.retried();
      const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** Math.min(count, 30));
      const ms = ceiling * (0.75 + random() * 0.25);
      queue.addAfter(key, ms, 'owner', reason);
      return ms;
    },
    forget(key) {
      failures.delete(text(key));
    },
    async take(signal) {
      for (;;) {
        if (stopped || signal.aborted) return undefined;
        const chosen = pick();
        if (chosen !== undefined) {
          const now = clock.monotonic();
          observer?.started(now - chosen.sinceMs);
          workingSince.set(text(chosen.key), now);
          return { key: chosen.key, reason: chosen.reason };
        }
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            signal.removeEventListener('abort', leave);
            resolve();
          };
          const leave = (): void => {
            const index = takers.indexOf(wake);
            if (index >= 0) takers.splice(index, 1);
            resolve();
          };
          takers.push(wake);
          signal.addEventListener('abort', leave, { once: true });
        });
      }
    },
    done(key) {
      const id = text(key);
      const since = workingSince.get(id);
      if (since === undefined) return;
      workingSince.delete(id);
      observer?.finished(clock.monotonic() - since);
      const waiting = again.get(id);
      again.delete(id);
      if (waiting !== undefined) put(waiting);
    },
    depth: () => laneOf.size,
    working: () => [...workingSince.values()],
    stop() {
      stopped = true;
      for (const { cancel } of delayed.values()) cancel();
      delayed.clear();
      for (const wake of takers.splice(0)) wake();
    },
  };
  return queue;
}

function rank(priority: Priority): number {
  return PRIORITIES.indexOf(priority);
}

/** Of two wishes for one key: the more urgent, waiting since the first. */
function more<K>(before: Waiting<K> | undefined, now: Waiting<K>): Waiting<K> {
  if (before === undefined) return now;
  return rank(now.priority) < rank(before.priority) ? { ...now, sinceMs: before.sinceMs } : before;
}

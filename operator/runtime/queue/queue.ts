import type { Clock, Random } from '../clock.ts';
import { type Due, DueHeap } from './due-heap.ts';
import { Lane, type Linked } from './lane.ts';

/** Why a key waits, most urgent first: somebody changed the resource, a child changed, or it is only looked at again. */
export const PRIORITIES = ['user', 'owner', 'resync'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** First and longest wait of the per-key back-off (client-go starts at 5 ms too; it ends at 1000 s, we at 5 minutes). */
const BACKOFF_BASE_MS = 5;
/** The longest wait of a key that failed again and again. */
export const BACKOFF_MAX_MS = 300_000;
/**
 * No starvation (controller-runtime#3496): keys that are passed over by more urgent ones get every fourth turn after 20 s
 * and every second after 40 s; where two lanes are passed over, they take these turns in turn. So a key is taken within
 * 60 s, however large the flood, as long as those ahead of it in its own lane are no more work than the workers do in 5 s
 * and a reconcile takes half a second at most. Whatever has aged, as after a restart, what people change gets half of the
 * turns or more.
 */
export const AGED_MS = 20_000;
export const VERY_AGED_MS = 40_000;
const AGED_TURNS = 4;
const VERY_AGED_TURNS = 2;
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
  /** The worker is done with a key it took: the very one that `take` gave it. */
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

/** A wish to have a key reconciled. */
interface Wish {
  /** Index into PRIORITIES. */
  readonly rank: number;
  readonly reason: string;
  readonly sinceMs: number;
}

/** All that the queue knows of a key. It is forgotten when nothing of it is left to know. */
interface Slot<K> extends Linked<Slot<K>>, Due {
  readonly key: K;
  readonly id: string;
  /** It stands in the lane of this wish. */
  waiting: Wish | undefined;
  /** It is with a worker since; -1: it is not. */
  workingSinceMs: number;
  /** Comes back with this wish when the worker is done. */
  again: Wish | undefined;
  /** What is wished for at `dueMs`; counts only while the slot is in the heap. */
  dueRank: number;
  dueReason: string;
  failures: number;
}

export function createQueue<K>({ clock, random, text, observer }: QueueOptions<K>): Queue<K> {
  const slots = new Map<string, Slot<K>>();
  const lanes = PRIORITIES.map(() => new Lane<Slot<K>>());
  const delayed = new DueHeap<Slot<K>>();
  // By the key as it was handed out: finding it by its text would cost as much as all the rest.
  const working = new Map<K, Slot<K>>();
  const takers: (() => void)[] = [];
  let alarm: { readonly dueMs: number; readonly cancel: () => void } | undefined;
  let waitingCount = 0;
  let turns = 0;
  /** The lane that had the last turn of those that were passed over. */
  let lastAged = 0;
  let stopped = false;

  function slotOf(key: K): Slot<K> {
    const id = text(key);
    const known = slots.get(id);
    if (known !== undefined) return known;
    const slot = newSlot(key, id);
    slots.set(id, slot);
    return slot;
  }

  function forgetIfIdle(slot: Slot<K>): void {
    const { waiting, workingSinceMs, again, place, failures } = slot;
    const isIdle = waiting === undefined && workingSinceMs < 0 && again === undefined && place < 0 && failures === 0;
    if (isIdle) slots.delete(slot.id);
  }

  function put(slot: Slot<K>, wish: Wish): void {
    const { waiting } = slot;
    if (slot.workingSinceMs >= 0) {
      slot.again = moreUrgent(slot.again, wish);
    } else if (waiting === undefined) {
      observer?.added();
      waitingCount++;
      enqueue(slot, wish);
      takers.shift()?.();
    } else if (wish.rank < waiting.rank) {
      lanes[waiting.rank]?.remove(slot);
      enqueue(slot, moreUrgent(waiting, wish));
    }
  }

  function enqueue(slot: Slot<K>, wish: Wish): void {
    slot.waiting = wish;
    lanes[wish.rank]?.push(slot);
  }

  function next(nowMs: number): Slot<K> | undefined {
    const urgent = lanes.findIndex(({ head }) => head !== undefined);
    if (urgent < 0) return undefined;
    turns++;
    return passedOver(urgent, nowMs) ?? lanes[urgent]?.head;
  }

  /** The key behind the most urgent lane, if there is one, that has aged so much that this turn is its own. */
  function passedOver(urgent: number, nowMs: number): Slot<K> | undefined {
    if (turns % VERY_AGED_TURNS !== 0) return undefined;
    const agedMs = turns % AGED_TURNS === 0 ? AGED_MS : VERY_AGED_MS;
    const aged: number[] = [];
    for (let rank = urgent + 1; rank < lanes.length; rank++) {
      const waiting = lanes[rank]?.head?.waiting;
      if (waiting !== undefined && nowMs - waiting.sinceMs >= agedMs) aged.push(rank);
    }
    // The lanes in turn, or the oldest of one would be behind all those of the other.
    const rank = aged.find((candidate) => candidate > lastAged) ?? aged[0];
    if (rank === undefined) return undefined;
    lastAged = rank;
    return lanes[rank]?.head;
  }

  function begin(slot: Slot<K>, { rank, reason, sinceMs }: Wish, nowMs: number): QueueItem<K> {
    lanes[rank]?.remove(slot);
    waitingCount--;
    slot.waiting = undefined;
    slot.workingSinceMs = nowMs;
    working.set(slot.key, slot);
    observer?.started(nowMs - sinceMs);
    return { key: slot.key, reason };
  }

  function addDelayed(slot: Slot<K>, ms: number, rank: number, reason: string): void {
    const dueMs = clock.monotonic() + ms;
    if (slot.place >= 0 && slot.dueMs <= dueMs) return;
    slot.dueRank = rank;
    slot.dueReason = reason;
    delayed.set(slot, dueMs);
    setAlarm();
  }

  /** One timer for all delays, set to the earliest. */
  function setAlarm(): void {
    const dueMs = delayed.first?.dueMs;
    if (dueMs === undefined || (alarm !== undefined && alarm.dueMs <= dueMs)) return;
    alarm?.cancel();
    const ms = Math.ceil(dueMs - clock.monotonic());
    alarm = { dueMs, cancel: clock.setTimer(Math.min(ms, TIMER_MAX_MS), ring) };
  }

  function ring(): void {
    alarm = undefined;
    const nowMs = clock.monotonic();
    for (let slot = delayed.first; slot !== undefined && slot.dueMs <= nowMs; slot = delayed.first) {
      delayed.remove(slot);
      put(slot, { rank: slot.dueRank, reason: slot.dueReason, sinceMs: nowMs });
    }
    setAlarm();
  }

  /** Resolves when there may be something to take, or when the signal aborts. */
  function wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
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

  return {
    add(key, priority, reason) {
      if (!stopped) put(slotOf(key), { rank: rankOf[priority], reason, sinceMs: clock.monotonic() });
    },
    addAfter(key, ms, priority, reason) {
      if (stopped) return;
      const rank = rankOf[priority];
      if (ms <= 0) put(slotOf(key), { rank, reason, sinceMs: clock.monotonic() });
      else addDelayed(slotOf(key), ms, rank, reason);
    },
    addRateLimited(key, reason) {
      const slot = slotOf(key);
      const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** Math.min(slot.failures, 30));
      slot.failures++;
      observer?.retried();
      const ms = ceiling * (0.75 + random() * 0.25);
      if (!stopped) addDelayed(slot, ms, rankOf.owner, reason);
      return ms;
    },
    forget(key) {
      const slot = slots.get(text(key));
      if (slot === undefined) return;
      slot.failures = 0;
      forgetIfIdle(slot);
    },
    async take(signal) {
      for (;;) {
        if (stopped) return undefined;
        if (signal.aborted) {
          // It may have been woken for a key that somebody else has to take now.
          if (waitingCount > 0) takers.shift()?.();
          return undefined;
        }
        const nowMs = clock.monotonic();
        const slot = next(nowMs);
        if (slot?.waiting !== undefined) return begin(slot, slot.waiting, nowMs);
        await wait(signal);
      }
    },
    done(key) {
      const slot = working.get(key);
      if (slot === undefined) return;
      observer?.finished(clock.monotonic() - slot.workingSinceMs);
      slot.workingSinceMs = -1;
      working.delete(key);
      const { again } = slot;
      slot.again = undefined;
      if (again === undefined) forgetIfIdle(slot);
      else put(slot, again);
    },
    depth: () => waitingCount,
    working: () => Array.from(working.values(), ({ workingSinceMs }) => workingSinceMs),
    stop() {
      stopped = true;
      alarm?.cancel();
      delayed.clear();
      for (const wake of takers.splice(0)) wake();
    },
  };
}

const rankOf: Readonly<Record<Priority, number>> = { user: 0, owner: 1, resync: 2 };

function newSlot<K>(key: K, id: string): Slot<K> {
  return {
    key,
    id,
    before: undefined,
    behind: undefined,
    waiting: undefined,
    workingSinceMs: -1,
    again: undefined,
    dueMs: 0,
    place: -1,
    dueRank: 0,
    dueReason: '',
    failures: 0,
  };
}

/** Of two wishes for one key: the more urgent, waiting since the first. */
function moreUrgent(before: Wish | undefined, now: Wish): Wish {
  if (before === undefined) return now;
  return now.rank < before.rank ? { ...now, sinceMs: before.sinceMs } : before;
}

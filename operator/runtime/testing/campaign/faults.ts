import type { Random } from '../../clock.ts';

/** What can go wrong, in the words of the report. */
export const FAULT_CLASSES = [
  'killed before a write was sent',
  'killed after a write, before its answer',
  'killed after the answer to a write',
  'restarted on an older snapshot',
  'frozen before a write was sent',
  'frozen before the answer to a write',
  'watch delayed after an own write',
  'watch events merged',
  'watch expired, events lost',
  'watch cut',
  'answer 409',
  'answer 429',
  'answer 500',
  'answer 503',
  'no answer, nothing done',
  'answer lost, write done',
] as const;
/** One of `FAULT_CLASSES`. */
export type FaultClass = (typeof FAULT_CLASSES)[number];

/** How often each class of fault was injected. */
export type FaultCounts = Partial<Record<FaultClass, number>>;

export type Moment = 'unsent' | 'unanswered' | 'answered';

/** A blow to the process that makes write number `atWrite`, counted over all processes from 1. */
export interface Strike {
  readonly atWrite: number;
  readonly kind: 'kill' | 'freeze';
  readonly moment: Moment;
  /** How long until a new process is started, or until the frozen one goes on. */
  readonly awayMs: number;
  /** A new process first sees what was there at this write; undefined: what is there now. */
  readonly snapshotAtWrite: number | undefined;
}

/** All that will go wrong in one run: drawn before it begins, as far as it can be. */
export interface FaultPlan {
  readonly instances: 1 | 2;
  /** In the order of `atWrite`. */
  readonly strikes: readonly Strike[];
  /** Chance of each request to fail, and how many may. */
  readonly failing: { readonly share: number; readonly most: number };
  /** Chance of each of our own writes to be followed by a delay of the watches. */
  readonly delayShare: number;
  /** Chance of each delivery of a watch to be held and merged, cut or lost, and how many may. */
  readonly watch: { readonly share: number; readonly most: number };
}

/** One process in a world where nothing goes wrong. */
export const noFaults: FaultPlan = {
  instances: 1,
  strikes: [],
  failing: { share: 0, most: 0 },
  delayShare: 0,
  watch: { share: 0, most: 0 },
};

/** How long a leader is frozen: longer than its lease, so that another may follow it meanwhile. */
const FROZEN_MS = 20_000;

/** `writes`: how many writes the run without faults made, so that a strike can hit each of them. */
export function drawFaults(random: Random, writes: number): FaultPlan {
  const chance = (share: number): boolean => random() < share;
  const upTo = (most: number): number => 1 + Math.floor(random() * most);
  const strikes: Strike[] = [];
  for (let left = chance(0.8) ? upTo(3) : 0; left > 0; left--) {
    const atWrite = upTo(Math.max(1, writes));
    const freeze = chance(0.3);
    const moment = pick(random, freeze ? (['unsent', 'unanswered'] as const) : MOMENTS);
    strikes.push({
      atWrite,
      kind: freeze ? 'freeze' : 'kill',
      moment,
      awayMs: freeze ? FROZEN_MS : Math.floor(random() * random() * 30_000),
      snapshotAtWrite: !freeze && chance(0.4) ? Math.max(0, atWrite - upTo(12)) : undefined,
    });
  }
  return {
    instances: strikes.some(({ kind }) => kind === 'freeze') || chance(0.3) ? 2 : 1,
    strikes: strikes.sort((a, b) => a.atWrite - b.atWrite),
    failing: chance(0.6) ? { share: random() * 0.2, most: upTo(20) } : noFaults.failing,
    delayShare: chance(0.5) ? random() : 0,
    watch: chance(0.6) ? { share: random() * 0.1, most: upTo(20) } : noFaults.watch,
  };
}

const MOMENTS: readonly Moment[] = ['unsent', 'unanswered', 'answered'];

/** One of `from` at random. Throws when there is none. */
export function pick<T>(random: Random, from: readonly T[]): T {
  const found = from[Math.floor(random() * from.length)];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
}

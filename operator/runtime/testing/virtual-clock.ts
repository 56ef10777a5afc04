import type { Clock } from '../clock.ts';

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly fn: () => void;
}

/**
 * A clock that stands still until a test moves it. Timers run in order of their time, those of equal time in the order
 * they were set, and what a timer sets in motion may set further timers within the same `advance`.
 */
export class VirtualClock implements Clock {
  readonly #epochMs: number;
  readonly #timers = new Set<Timer>();
  #elapsed = 0;
  #order = 0;
  /** Added to the wall clock only: for tests in which the wall clock jumps. */
  wallOffsetMs = 0;

  /** `epochMs`: what the wall clock says at the start. */
  constructor(epochMs = Date.UTC(2026, 0, 1)) {
    this.#epochMs = epochMs;
  }

  now(): number {
    return Math.floor(this.#epochMs + this.#elapsed + this.wallOffsetMs);
  }

  monotonic(): number {
    return this.#elapsed;
  }

  setTimer(ms: number, fn: () => void): () => void {
    const timer = { due: this.#elapsed + Math.max(0, ms), order: this.#order++, fn };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves time on by `ms` and runs what comes due, letting all promises settle between any two timers. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await settle();
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#timers.delete(timer);
      this.#elapsed = Math.max(this.#elapsed, timer.due);
      timer.fn();
      await settle();
    }
    this.#elapsed = end;
  }

  /** Moves time on without running anything, as when the event loop is stuck; the next `advance` runs what is late. */
  freeze(ms: number): void {
    this.#elapsed += ms;
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due > end) continue;
      if (first === undefined || timer.due < first.due || (timer.due === first.due && timer.order < first.order)) {
        first = timer;
      }
    }
    return first;
  }
}

/** Resolves when no promise is left to settle: microtasks all run before the next macrotask does. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

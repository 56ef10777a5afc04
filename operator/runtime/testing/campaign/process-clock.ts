import type { Clock } from '../../clock.ts';

/**
 * The clock of one simulated process. A process that is frozen sees nothing until it thaws, and then everything at once;
 * one that was killed never sees anything again. Time goes on meanwhile.
 */
export class ProcessClock implements Clock {
  readonly #base: Clock;
  #state: 'running' | 'frozen' | 'dead' = 'running';
  #held: (() => void)[] = [];

  constructor(base: Clock) {
    this.#base = base;
  }

  get dead(): boolean {
    return this.#state === 'dead';
  }

  get running(): boolean {
    return this.#state === 'running';
  }

  now(): number {
    return this.#base.now();
  }

  monotonic(): number {
    return this.#base.monotonic();
  }

  setTimer(ms: number, fn: () => void): () => void {
    let cancelled = false;
    const cancel = this.#base.setTimer(ms, () =>
      this.deliver(() => {
        if (!cancelled) fn();
      }),
    );
    return () => {
      cancelled = true;
      cancel();
    };
  }

  /** Something reaches the process from outside. */
  deliver(fn: () => void): void {
    if (this.#state === 'running') fn();
    else if (this.#state === 'frozen') this.#held.push(fn);
  }

  freeze(): void {
    if (this.#state === 'running') this.#state = 'frozen';
  }

  thaw(): void {
    if (this.#state !== 'frozen') return;
    this.#state = 'running';
    const held = this.#held;
    this.#held = [];
    // One turn of the event loop each, as they would have come.
    for (const fn of held) this.#base.setTimer(0, () => this.deliver(fn));
  }

  kill(): void {
    this.#state = 'dead';
    this.#held = [];
  }
}

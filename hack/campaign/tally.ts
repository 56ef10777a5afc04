import { FAULT_CLASSES, type FaultClass, type Verdict } from '@sluice/runtime/testing';

/** What has been played so far. */
export class Tally {
  readonly failedSeeds: number[] = [];
  readonly #faults = new Map<FaultClass, number>();
  #runs = 0;

  add({ seed, failures, faults }: Pick<Verdict, 'seed' | 'failures' | 'faults'>): void {
    this.#runs++;
    if (failures.length > 0) this.failedSeeds.push(seed);
    for (const fault of FAULT_CLASSES) this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + (faults[fault] ?? 0));
  }

  progress(of: number): string {
    return `${this.#runs} of ${of} runs, ${this.failedSeeds.length} failures`;
  }

  /** Injected faults per class, and the sum of it all. */
  report(): string {
    const lines = FAULT_CLASSES.map((fault) => `  ${String(this.#faults.get(fault) ?? 0).padStart(8)}  ${fault}`);
    const total = [...this.#faults.values()].reduce((sum, count) => sum + count, 0);
    const seeds = this.failedSeeds.map((seed) => `  make campaign SEED=${seed}\n`).join('');
    return `${lines.join('\n')}\n  ${String(total).padStart(8)}  faults in all\n${seeds}${this.#runs} runs, ${this.failedSeeds.length} failures\n`;
  }
}

import type { Random } from '@sluice/runtime/clock';
import { encodeInput } from './corpus.ts';
import type { Coverage } from './coverage.ts';
import { mutate } from './mutate.ts';
import { Finding, type Target } from './target.ts';

/** Inputs between two looks at the coverage: a look costs as much as some dozens of them. */
const BATCH = 256;

/** Searches for inputs that run code which no earlier one ran, and for those that break a rule. */
export class Fuzzer {
  executions = 0;
  readonly corpus: Uint8Array[] = [];
  private readonly target: Target;
  private readonly random: Random;
  private readonly coverage: Coverage | undefined;

  /** Without `coverage` it changes the inputs it has, and learns nothing. */
  constructor(target: Target, random: Random, coverage?: Coverage) {
    this.target = target;
    this.random = random;
    this.coverage = coverage;
  }

  /** Runs inputs as they are, and keeps those that run new code; without coverage all. */
  async learn(inputs: readonly Uint8Array[]): Promise<void> {
    for (const input of inputs) await this.execute(input);
    if (this.coverage === undefined) {
      this.corpus.push(...inputs);
      return;
    }
    const found = this.coverage.takeNew();
    if (found === undefined) return;
    if (inputs.length > 1) {
      // Which of them it was: the halves by themselves.
      const middle = inputs.length >> 1;
      await this.learn(inputs.slice(0, middle));
      await this.learn(inputs.slice(middle));
    } else {
      this.corpus.push(...inputs);
    }
    // Also what ran only because they all came one after the other, or for a first time.
    this.coverage.keep(found);
  }

  /** One batch of changed inputs. Throws a Finding that shows the input. */
  async step(): Promise<void> {
    const { corpus, random } = this;
    const { target } = this;
    const batch = Array.from({ length: BATCH }, () => {
      // Half of the time one of the latest: what was just found leads on most often.
      const recent = random() < 0.5 ? Math.max(0, corpus.length - 16) : 0;
      const parent = corpus[recent + Math.floor(random() * (corpus.length - recent))] ?? new Uint8Array(1);
      // A third of them with a field changed, which may then be broken further.
      const input = random() < 0.4 ? target.change(parent, random) : parent;
      if (input !== parent && random() < 0.8) return input;
      return mutate(input, random, { corpus, words: target.words });
    });
    if (this.coverage === undefined) for (const input of batch) await this.execute(input);
    else await this.learn(batch);
  }

  private async execute(input: Uint8Array): Promise<void> {
    this.executions++;
    try {
      await this.target.execute(input);
    } catch (error) {
      const what = error instanceof Finding ? error.message : error instanceof Error ? error.stack : String(error);
      throw new Finding(`${this.target.name}: ${what}\n  input ${encodeInput(input)}`, { cause: error });
    }
  }
}

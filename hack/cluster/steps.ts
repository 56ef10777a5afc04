import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../operator/runtime/clock.ts';
import { digestOf, exists, writeWhole } from './files.ts';
import type { Progress } from './progress.ts';

/** What a step's work may use. */
export interface StepContext {
  /** File for what the step's commands say. */
  readonly log: string;
  readonly signal: AbortSignal;
}

/** One piece of work whose result is kept. It is done again only when something it depends on has changed. */
export interface Step {
  readonly name: string;
  /** Shown beside the name, and one of the inputs. */
  readonly version: string;
  /** Everything that decides the result besides the steps before it: versions, flags, digests of files. */
  readonly inputs: readonly string[];
  /** Names of the steps whose results this one uses. */
  readonly after: readonly string[];
  /** Files or folders that exist when the step is done. */
  readonly outputs: readonly string[];
  /** Asks whether a result that is no file (an image in the engine) is still there. */
  readonly present?: () => Promise<boolean>;
  /** Steps of one lane run one after another: `compile` uses all cores by itself, `fetch` waits for the network and dpkg. */
  readonly lane: 'compile' | 'fetch';
  readonly run: (context: StepContext) => Promise<void>;
}

/** What is remembered of a finished step. */
export interface Stamp {
  readonly digest: string;
  readonly seconds: number;
}

/** Digest of each step over its inputs and those of the steps before it, so that a change reaches everything behind it. */
export function stepDigests(steps: readonly Step[]): ReadonlyMap<string, string> {
  const digests = new Map<string, string>();
  for (const { name, version, inputs, after } of steps) {
    const before = after.map((earlier) => {
      const digest = digests.get(earlier);
      if (digest === undefined) throw new Error(`step ${name} comes before ${earlier}, which it needs`);
      return digest;
    });
    digests.set(name, digestOf([name, version, ...inputs, ...before]));
  }
  return digests;
}

export interface RunOptions {
  readonly stamps: string;
  readonly logs: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Runs the steps that are not done yet, each after those it needs, one per lane at a time. `steps` is in an order in
 * which they could run one by one. Rejects with the first failure, after what is under way has ended.
 */
export async function runSteps(clock: Clock, steps: readonly Step[], options: RunOptions): Promise<void> {
  const { progress, stamps, logs } = options;
  mkdirSync(stamps, { recursive: true });
  mkdirSync(logs, { recursive: true });
  const digests = stepDigests(steps);
  const done = new Map<string, Promise<void>>();
  const lanes = new Map<Step['lane'], Promise<unknown>>();
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  progress.begin(steps.map(({ name }) => ({ name, seconds: readStamp(stamps, name)?.seconds })));

  for (const step of steps) {
    const digest = digests.get(step.name) ?? '';
    const before = Promise.all(step.after.map((name) => done.get(name)));
    const work = before.then(async () => {
      if (readStamp(stamps, step.name)?.digest === digest && (await isPresent(step))) {
        progress.cached(step);
        return;
      }
      const lane = Promise.resolve(lanes.get(step.lane)).catch(() => {});
      const turn = lane.then(() => build(clock, step, digest, { stamps, logs, progress, signal }));
      lanes.set(step.lane, turn);
      await turn;
    });
    work.catch(() => stop.abort());
    done.set(step.name, work);
  }
  const results = await Promise.allSettled(done.values());
  const failures = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as unknown);
  const first = failures.find((error) => (error as Error).name !== 'AbortError') ?? failures[0];
  if (first !== undefined) throw first;
}

async function build(clock: Clock, step: Step, digest: string, options: RunOptions): Promise<void> {
  const { stamps, logs, progress, signal } = options;
  signal.throwIfAborted();
  const begun = clock.monotonic();
  progress.started(step);
  try {
    await step.run({ log: join(logs, `${step.name}.log`), signal });
  } catch (error) {
    progress.failed(step, signal.aborted ? 'stopped' : 'failed');
    throw error;
  }
  const seconds = Math.round((clock.monotonic() - begun) / 100) / 10;
  await writeWhole(stampPath(stamps, step.name), JSON.stringify({ digest, seconds } satisfies Stamp));
  progress.built(step, seconds);
}

/** The steps that would not be `cached` now; what comes behind them is not looked at again. */
export async function stepsToDo(steps: readonly Step[], stamps: string): Promise<Step[]> {
  const digests = stepDigests(steps);
  const fresh = await Promise.all(
    steps.map(
      async (step) => readStamp(stamps, step.name)?.digest === digests.get(step.name) && (await isPresent(step)),
    ),
  );
  return steps.filter((_, index) => !fresh[index]);
}

async function isPresent(step: Step): Promise<boolean> {
  const found = await Promise.all(step.outputs.map(exists));
  // A question that fails (the engine is down) is answered by doing the step.
  return found.every(Boolean) && (await (step.present?.().catch(() => false) ?? true));
}

function stampPath(stamps: string, name: string): string {
  return join(stamps, `${name}.json`);
}

export function readStamp(stamps: string, name: string): Stamp | undefined {
  try {
    return JSON.parse(readFileSync(stampPath(stamps, name), 'utf8')) as Stamp;
  } catch {
    return undefined;
  }
}

import { join } from 'node:path';
import { type Calls, countCalls, eventToReconcileMs } from './audit.ts';
import { percentile } from './figures.ts';
import { places } from './layout.ts';
import { type OperatorProcess, startOperator } from './operator-process.ts';
import { processUsage, watchMemory } from './process-usage.ts';
import { openStage, operatorUser, type Stage } from './stage.ts';
import { createAll, createPaced, createWidget, type ReadyWatch, verify, watchReady } from './widgets.ts';

export interface TrialFigures {
  /** From the start of the process to the first Widget Ready, one that was there before. */
  readonly startSeconds: number;
  /** From the first creation to the last Widget Ready. */
  readonly readySeconds: number;
  readonly cpuSeconds: number;
  /** With one Widget, before the burst. */
  readonly startRssMb: number;
  readonly peakRssMb: number;
  readonly callsPerResource: number;
  readonly calls: Calls;
  /** Event to reconcile while Widgets come at a fixed pace that nobody falls behind at. */
  readonly pacedP50Ms: number;
  readonly pacedP99Ms: number;
}

const LOADER_PARALLEL = 20;
const PACED_COUNT = 200;
const PACED_EVERY_MS = 50;
const START_LIMIT_MS = 120_000;
/** Nobody needs a fifth of a second for a Widget; who does is stopped and says so in the table. */
const limitMs = (count: number): number => 60_000 + 200 * count;

/** An operator on a stage of its own, having made its first Widget Ready. */
export interface Performance {
  readonly stage: Stage;
  readonly operator: OperatorProcess;
  readonly ready: ReadyWatch;
  readonly startSeconds: number;
  stop(): Promise<void>;
}

/** Opens a stage and starts the operator on it; `label` names its log. */
export async function perform(label: string, command: readonly string[]): Promise<Performance> {
  const stage = await openStage();
  try {
    await createWidget(stage.cluster, 'first');
    const ready = watchReady(stage.cluster);
    const startedAt = Date.now();
    const operator = await startOperator(command, stage.operatorEnv, join(places.results, 'logs', `${label}.log`));
    const stop = async (): Promise<void> => {
      await operator.stop();
      await ready.stop();
      await stage.stop();
    };
    try {
      const firstAt = await ready.reached(1, within(operator, START_LIMIT_MS));
      await quiet(stage);
      return { stage, operator, ready, startSeconds: (firstAt - startedAt) / 1000, stop };
    } catch (error) {
      await stop();
      throw error;
    }
  } catch (error) {
    await stage.stop();
    throw error;
  }
}

/** Makes `count` Widgets as fast as the API server takes them; resolves when all are Ready, with the seconds that took. */
export async function burst({ stage, operator, ready }: Performance, count: number): Promise<number> {
  const names = Array.from({ length: count }, (_, index) => `burst-${index}`);
  const startedAt = Date.now();
  await createAll(stage.cluster, names, LOADER_PARALLEL);
  const lastAt = await ready.reached(1 + count, within(operator, limitMs(count)));
  return (lastAt - startedAt) / 1000;
}

/** One round of one operator: burst, then paced creations, then a check that everything is there. */
export async function trial(label: string, command: readonly string[], count: number): Promise<TrialFigures> {
  const performance = await perform(label, command);
  const { stage, operator, ready, startSeconds } = performance;
  try {
    const from = Date.now();
    const before = await processUsage(operator.pid);
    const memory = watchMemory(operator.pid, 100);
    const readySeconds = await burst(performance, count);
    await quiet(stage);
    const { peakMb } = await memory.stop();
    const { cpuSeconds } = await processUsage(operator.pid);
    const calls = countCalls(await stage.audit(), { operator: operatorUser, from, to: Date.now() });

    const names = Array.from({ length: PACED_COUNT }, (_, index) => `paced-${index}`);
    await createPaced(stage.cluster, names, PACED_EVERY_MS);
    await ready.reached(1 + count + PACED_COUNT, within(operator, limitMs(PACED_COUNT)));
    await quiet(stage);
    const paced = eventToReconcileMs(await stage.audit(), operatorUser, new Set(names));
    await verify(stage.cluster, 1 + count + PACED_COUNT);
    return {
      startSeconds,
      readySeconds,
      cpuSeconds: cpuSeconds - before.cpuSeconds,
      startRssMb: before.rssMb,
      peakRssMb: peakMb,
      callsPerResource: calls.all / count,
      calls,
      pacedP50Ms: percentile(paced, 0.5),
      pacedP99Ms: percentile(paced, 0.99),
    };
  } finally {
    await performance.stop();
  }
}

/** Waits until the operator has asked nothing for a second, 15 s at most: some go on after all is Ready. */
export async function quiet(stage: Stage): Promise<void> {
  const deadline = performance.now() + 15_000;
  let seen = -1;
  while (performance.now() < deadline) {
    // The audit log is written in batches that wait up to a second.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const { length } = await stage.audit();
    if (length === seen) return;
    seen = length;
  }
}

function within(operator: OperatorProcess, ms: number): AbortSignal {
  return AbortSignal.any([operator.failed, AbortSignal.timeout(ms)]);
}

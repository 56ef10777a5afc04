import { countCalls } from './audit.ts';
import type { OperatorUnderTest } from './operators.ts';
import { processUsage, watchMemory } from './process-usage.ts';
import { operatorUser } from './stage.ts';
import { burst, type Performance, perform, quiet } from './trial.ts';
import { verify } from './widgets.ts';

export interface IdleFigures {
  readonly resources: number;
  readonly seconds: number;
  /** Creates, updates, patches, deletes. */
  readonly writes: number;
  /** Gets, lists and watches. */
  readonly reads: number;
  readonly cpuSeconds: number;
  readonly rssMb: number;
}

export interface IdleSubject {
  readonly operator: OperatorUnderTest;
  readonly command: readonly string[];
}

/**
 * Brings every operator to rest with its own API server and `resources` Widgets, then watches them all do nothing at the
 * same time. An operator that does not get that far is told to `failed` and left out.
 */
export async function measureIdle(
  subjects: readonly IdleSubject[],
  { resources, seconds }: { resources: number; seconds: number },
  report: (operator: OperatorUnderTest, outcome: IdleFigures | Error) => Promise<void>,
): Promise<void> {
  const resting: { operator: OperatorUnderTest; performance: Performance }[] = [];
  try {
    for (const { operator, command } of subjects) {
      try {
        resting.push({ operator, performance: await atRest(operator.name, command, resources) });
      } catch (error) {
        await report(operator, error instanceof Error ? error : new Error(String(error)));
      }
    }
    const measured = resting.map(async ({ operator, performance }) => ({
      operator,
      figures: await watchIdle(performance, resources, seconds),
    }));
    for (const { operator, figures } of await Promise.all(measured)) await report(operator, figures);
  } finally {
    for (const { performance } of resting) await performance.stop();
  }
}

async function atRest(name: string, command: readonly string[], resources: number): Promise<Performance> {
  const performance = await perform(`${name}-idle`, command);
  try {
    await burst(performance, resources);
    await quiet(performance.stage);
    await verify(performance.stage.cluster, 1 + resources);
    return performance;
  } catch (error) {
    await performance.stop();
    throw error;
  }
}

async function watchIdle({ stage, operator }: Performance, resources: number, seconds: number): Promise<IdleFigures> {
  const from = Date.now();
  const before = await processUsage(operator.pid);
  const memory = watchMemory(operator.pid, 1_000);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const to = Date.now();
  const { medianMb } = await memory.stop();
  const { cpuSeconds } = await processUsage(operator.pid);
  if (operator.failed.aborted) throw operator.failed.reason;
  await quiet(stage);
  const { all, writes } = countCalls(await stage.audit(), { operator: operatorUser, from, to });
  const idle = { writes, reads: all - writes, cpuSeconds: cpuSeconds - before.cpuSeconds, rssMb: medianMb };
  return { resources, seconds, ...idle };
}

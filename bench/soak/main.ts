/**
 * `make soak MINUTES=60`: the operator's bundle on an API server of its own, with resources that come, change and go and
 * an API server that is killed every ten minutes; beside it the same bundle on a second API server where nothing happens.
 * Prints what grew, and what was read or written without a reason.
 */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { connectKubeconfig } from '@sluice/runtime';
import { type ControlPlane, startControlPlane } from '../../hack/control-plane/index.ts';
import { seededRandom } from '../../operator/runtime/testing/index.ts';
import { startChurn } from './churn.ts';
import { bundleOperator, type OperatorProcess, startOperator } from './operator-process.ts';
import type { Holdings } from './probe.ts';
import { slopePerHour } from './slope.ts';

const SAMPLE_MS = 30_000;
const STEP_MS = 3_000;
const RESTART_MS = 600_000;
/** Left out of the slopes: caches fill, code is compiled. */
const WARM_UP_SHARE = 1 / 6;

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error('usage: node bench/soak/main.ts [--minutes 60] [--seed 1]');
  process.exit(2);
}
const crds = [join(resolve(import.meta.dirname, '../..'), 'crds')];
const sleep = (ms: number) => new Promise<void>((settle) => setTimeout(settle, ms));

interface Reading extends Holdings {
  readonly hours: number;
}

/** Churn and restarts until the time is over; one reading every half minute. */
async function soak(
  plane: ControlPlane,
  operator: OperatorProcess,
): Promise<{ readings: Reading[]; steps: number; restarts: number; refused: number }> {
  const cluster = await connectKubeconfig({ path: plane.kubeconfigPath });
  const churn = await startChurn(cluster.client, seededRandom(seed));
  const started = performance.now();
  const elapsed = (): number => performance.now() - started;
  const readings: Reading[] = [];
  let restarts = 0;
  let refused = 0;
  let lastError = '';
  while (elapsed() < minutes * 60_000) {
    const stepped = elapsed();
    if (stepped >= (restarts + 1) * RESTART_MS) {
      restarts++;
      await plane.restartApiServer();
    }
    await churn.step().catch((error: unknown) => {
      refused++;
      lastError = String(error);
    });
    if (elapsed() >= readings.length * SAMPLE_MS) {
      const reading = { ...(await operator.holdings()), hours: elapsed() / 3_600_000 };
      readings.push(reading);
      if (readings.length % 10 === 1) console.log(describe(reading));
    }
    await sleep(Math.max(0, stepped + STEP_MS - elapsed()));
  }
  if (lastError !== '') console.log(`last refusal: ${lastError}`);
  cluster.close();
  return { readings, steps: churn.steps, restarts, refused };
}

function describe({ hours, rssMb, heapMb, sockets, timers, handles }: Reading): string {
  const at = `${(hours * 60).toFixed(1)} min`.padStart(9);
  return `${at}: RSS ${rssMb.toFixed(1)} MB, heap ${heapMb.toFixed(1)} MB, ${sockets} sockets, ${timers} timers, ${handles} handles`;
}

/** Watches a cluster in which nothing happens: what does the operator read or write in it? */
async function quiet(
  plane: ControlPlane,
  operator: OperatorProcess,
): Promise<{ minutes: number; relists: number; watches: number; writes: number }> {
  const cluster = await connectKubeconfig({ path: plane.kubeconfigPath });
  await startChurn(cluster.client, seededRandom(seed));
  cluster.close();
  const writesNow = () => operator.metric('rest_client_requests_total', /method="(?!GET)/);
  const settledBy = performance.now() + (minutes * 60_000) / 3;
  for (let writes = -1, again = await writesNow(); writes !== again && performance.now() < settledBy; ) {
    writes = again;
    await sleep(60_000);
    again = await writesNow();
  }
  const started = performance.now();
  const lists = await operator.metric('reflector_lists_total');
  const watches = await operator.metric('reflector_watches_total');
  const writes = await writesNow();
  await sleep(Math.max(0, minutes * 60_000 - (started - begun)));
  return {
    minutes: (performance.now() - started) / 60_000,
    relists: (await operator.metric('reflector_lists_total')) - lists,
    watches: (await operator.metric('reflector_watches_total')) - watches,
    writes: (await writesNow()) - writes,
  };
}

const bundle = await bundleOperator();
const planes = await Promise.all([startControlPlane({ crds }), startControlPlane({ crds })]);
const [busyPlane, quietPlane] = planes;
const operators: OperatorProcess[] = [];
const end = async (): Promise<void> => {
  await Promise.all(operators.map((operator) => operator.stop()));
  await Promise.all(planes.map((plane) => plane.stop()));
};
process.once('SIGINT', () => void end().then(() => process.exit(130)));
process.once('SIGTERM', () => void end().then(() => process.exit(143)));
const begun = performance.now();
try {
  const busy = await startOperator('busy', bundle, busyPlane.kubeconfigPath, [
    '--leader-elect',
    '--namespace',
    'default',
  ]);
  operators.push(busy);
  const still = await startOperator('quiet', bundle, quietPlane.kubeconfigPath);
  operators.push(still);
  const [{ readings, steps, restarts, refused }, silence] = await Promise.all([
    soak(busyPlane, busy),
    quiet(quietPlane, still),
  ]);
  const counted = readings.slice(Math.floor(readings.length * WARM_UP_SHARE));
  console.log(
    `\nsoak of ${minutes} min: ${steps} changes (${refused} refused), ${restarts} restarts of the API server, ${counted.length} readings after the warm-up`,
  );
  for (const name of ['rssMb', 'heapMb', 'buffersMb', 'sockets', 'timers', 'handles'] as const) {
    const series = counted.map((reading) => ({ hours: reading.hours, value: reading[name] }));
    const all = series.map(({ value }) => value);
    const [first = 0] = all;
    console.log(
      `  ${name.padEnd(10)} first ${first.toFixed(1)}, last ${(all.at(-1) ?? 0).toFixed(1)}, least ${Math.min(...all).toFixed(1)}, most ${Math.max(...all).toFixed(1)}, slope ${slopePerHour(series).toFixed(2)} per hour`,
    );
  }
  console.log(
    `reconciles ${await busy.metric('controller_runtime_reconcile_total')}, of which failed ${await busy.metric('controller_runtime_reconcile_errors_total')}; lists ${await busy.metric('reflector_lists_total')}`,
  );
  console.log(
    `quiet for ${silence.minutes.toFixed(1)} min: ${silence.relists} relists, ${silence.watches} watches opened again, ${silence.writes} writes`,
  );
} finally {
  await end();
}

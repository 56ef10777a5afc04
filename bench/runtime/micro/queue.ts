/**
 * Keys per second through the queue of the runtime: added with mixed priorities, taken, done. A tenth of them is added
 * twice, a tenth is raised to a higher priority, and a tenth of those that wait have aged. Processor time, not time on
 * the clock, so that other work on the machine does not count.
 */
import type { Clock } from '../../../operator/runtime/clock.ts';
import { keyText, type ObjectKey } from '../../../operator/runtime/kube/object.ts';
import { createQueueExporter } from '../../../operator/runtime/queue/metrics.ts';
import { AGED_MS, createQueue, PRIORITIES, type QueueObserver } from '../../../operator/runtime/queue/queue.ts';
import { createRegistry } from '../../../operator/runtime/telemetry/index.ts';
import { cpuSeconds, report, rounded } from './measured.ts';

/** Keys that wait at the same time, and how many go through in all for each such depth. */
const DEPTHS = [1_000, 10_000, 100_000];
const KEYS_IN_ALL = 2_000_000;
const never = new AbortController().signal;

/** The system's clock, put forward by hand to let keys age. */
let aheadMs = 0;
const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now() + aheadMs,
  setTimer: () => () => {},
};

/** Processor seconds of one round, in which every key goes through once. */
async function round(keys: readonly ObjectKey[], observer: QueueObserver | undefined): Promise<number> {
  const observed = observer === undefined ? {} : { observer };
  const queue = createQueue<ObjectKey>({ clock, random: Math.random, text: keyText, ...observed });
  const from = process.cpuUsage();
  keys.forEach((key, i) => {
    if (i === keys.length / 10) aheadMs += AGED_MS;
    queue.add(key, PRIORITIES[i % PRIORITIES.length] ?? 'user', 'changed');
    if (i % 10 === 0) queue.add(key, 'resync', 'again');
    if (i % 10 === 1) queue.add(key, 'user', 'raised');
  });
  for (let taken = 0; taken < keys.length; taken++) {
    const item = await queue.take(never);
    if (item !== undefined) queue.done(item.key);
  }
  return cpuSeconds(from);
}

/** Keys per processor second: the median of the later half of the rounds, when everything is compiled. */
async function keysPerSecond(depth: number, observer?: QueueObserver): Promise<number> {
  const keys = Array.from({ length: depth }, (_, i): ObjectKey => ({ namespace: `ns-${i % 50}`, name: `object-${i}` }));
  const seconds: number[] = [];
  for (let i = 0; i < KEYS_IN_ALL / depth; i++) seconds.push(await round(keys, observer));
  const warm = seconds.slice(seconds.length / 2).sort((a, b) => a - b);
  return depth / (warm[Math.floor(warm.length / 2)] ?? Number.NaN);
}

for (const depth of DEPTHS) {
  const bare = await keysPerSecond(depth);
  const withMetrics = await keysPerSecond(depth, createQueueExporter(createRegistry(), clock).observer('bench'));
  report(
    'queue',
    { depth, keysPerSecond: rounded(bare), keysPerSecondWithMetrics: rounded(withMetrics) },
    `${rounded(bare / 1e6, 2)} M keys/s at a depth of ${depth} (goal 1 M); ${rounded(withMetrics / 1e6, 2)} M with the workqueue_* metrics`,
  );
}

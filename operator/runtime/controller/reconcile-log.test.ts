import { Writable } from 'node:stream';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { unopposed } from '../election/leadership.ts';
import type { KubeClient } from '../kube/client.ts';
import { keyText, type ObjectKey } from '../kube/object.ts';
import { ConfigMap } from '../kube/resources.ts';
import { createQueue } from '../queue/queue.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { controller } from './builder.ts';
import type { CacheReader } from './context.ts';
import { controllerMetrics } from './metrics.ts';
import { createOwnWrites } from './own-writes.ts';
import { runWorkers } from './reconciler.ts';
import { done } from './result.ts';

test('every reconcile says who it is, what asked for it, how long it took and how it ended', async () => {
  const lines: Record<string, unknown>[] = [];
  const sink = new Writable({
    write(line, _encoding, written) {
      lines.push(JSON.parse(String(line)) as Record<string, unknown>);
      written();
    },
  });
  const clock = new VirtualClock();
  const queue = createQueue<ObjectKey>({ clock, random: () => 1, text: keyText });
  const stop = new AbortController();
  let runs = 0;
  const ended = runWorkers(
    controller(ConfigMap).reconcile(async (_key, { log }) => {
      log.info('looking');
      await new Promise<void>((resolve) => clock.setTimer(30, resolve));
      if (runs++ > 0) throw new Error('no');
      return done();
    }),
    {
      clock,
      client: {} as KubeClient,
      cache: {} as CacheReader,
      queue,
      ownWrites: createOwnWrites(),
      caughtUp: async () => true,
      event: () => {},
      log: pino({ level: 'debug' }, sink),
      metrics: createMetrics(controllerMetrics, new Registry()),
    },
    unopposed,
    stop.signal,
  );
  queue.add({ namespace: 'ns', name: 'a' }, 'user', 'updated ConfigMap a');
  await clock.advance(50);
  queue.add({ namespace: 'ns', name: 'a' }, 'owner', 'deleted Pod b');
  await clock.advance(31);
  stop.abort();
  await ended;
  const about = { controller: 'configmap', key: 'ns/a' };
  expect(lines).toMatchObject([
    { ...about, reason: 'updated ConfigMap a', msg: 'looking' },
    { ...about, reason: 'updated ConfigMap a', durationMs: 30, result: 'done' },
    { ...about, reason: 'deleted Pod b', msg: 'looking' },
    { ...about, reason: 'deleted Pod b', err: { message: 'no' }, retryMs: 5 },
  ]);
  const ids = lines.map(({ reconcileID }) => reconcileID);
  expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect([ids[1], ids[3]]).toEqual([ids[0], ids[2]]);
  expect(ids[2]).not.toBe(ids[0]);
});

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Cluster, ConfigMap, connectKubeconfig, type KubeObject, Namespace } from '../kube/index.ts';
import { createLogger } from '../telemetry/log.ts';
import type { ReconcileContext } from './context.ts';
import { executePlan } from './execute-plan.ts';

const namespace = `plan-${randomUUID().slice(0, 8)}`;
let cluster: Cluster;

beforeAll(async () => {
  cluster = await connectKubeconfig({ path: inject('kubeconfig') });
  await cluster.client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
});

afterAll(() => cluster.close());

type Card = KubeObject & { data?: Record<string, string> };

const card = (name: string, text: string): Card => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data: { text },
});
const read = (name: string) => cluster.client.get<Card>(ConfigMap, { namespace, name });
const conflict = { status: 409 };

/** Carries out a plan in which the caches show `cached` and nothing else, as for a leader that has seen nothing since. */
async function run(
  cached: Card | undefined,
  plan: { apply?: Card; delete?: Card; finalizer?: boolean },
): Promise<void> {
  const ctx: ReconcileContext = {
    client: cluster.client,
    cache: { get: () => cached } as unknown as ReconcileContext['cache'],
    event: () => {},
    conditions: () => [],
    log: createLogger('test', 'silent'),
    signal: new AbortController().signal,
    epoch: 1,
    nowMs: 0,
    reason: 'test',
  };
  const of = (object: Card | undefined) => (object === undefined ? [] : [{ resource: ConfigMap, object }]);
  const primary = cached ?? card('primary', '');
  const finalizer = plan.finalizer === undefined ? {} : { finalizer: plan.finalizer };
  const whole = { apply: of(plan.apply), delete: of(plan.delete), status: undefined, events: [], ...finalizer };
  await executePlan(ctx, ConfigMap, primary, whole);
}

test('what a newer leader has changed is neither applied over, nor deleted, nor given a finalizer', async () => {
  await run(undefined, { apply: card('changed', 'old leader') });
  const seen = await read('changed');
  await run(seen, { apply: card('changed', 'new leader') });
  await expect(run(seen, { apply: card('changed', 'old leader again') })).rejects.toMatchObject(conflict);
  await expect(run(seen, { delete: seen as Card })).rejects.toMatchObject(conflict);
  await expect(run(seen, { finalizer: true })).rejects.toMatchObject(conflict);
  expect((await read('changed'))?.data).toEqual({ text: 'new leader' });
});

test('what a newer leader has deleted does not rise again', async () => {
  await run(undefined, { apply: card('deleted', 'once') });
  const seen = (await read('deleted')) as Card;
  await run(seen, { delete: seen });
  await expect(run(seen, { apply: card('deleted', 'twice') })).rejects.toMatchObject(conflict);
  expect(await read('deleted')).toBeUndefined();
});

test('what a newer leader has made anew is another object', async () => {
  await run(undefined, { apply: card('anew', 'first') });
  const seen = (await read('anew')) as Card;
  await run(seen, { delete: seen });
  await run(undefined, { apply: card('anew', 'second') });
  await expect(run(seen, { apply: card('anew', 'first again') })).rejects.toMatchObject(conflict);
  await expect(run(seen, { delete: seen })).rejects.toMatchObject(conflict);
  await expect(run(seen, { finalizer: true })).rejects.toMatchObject(conflict);
  expect((await read('anew'))?.data).toEqual({ text: 'second' });
});

test('what a newer leader has made is not made a second time', async () => {
  await run(undefined, { apply: card('made', 'new leader') });
  await expect(run(undefined, { apply: card('made', 'old leader') })).rejects.toMatchObject(conflict);
  expect((await read('made'))?.data).toEqual({ text: 'new leader' });
});

test('a field that is no longer declared goes away, also one that was there from the start', async () => {
  await run(undefined, { apply: { ...card('fields', 'stays'), data: { text: 'stays', extra: 'goes' } } });
  await run(await read('fields'), { apply: card('fields', 'stays') });
  expect((await read('fields'))?.data).toEqual({ text: 'stays' });
});

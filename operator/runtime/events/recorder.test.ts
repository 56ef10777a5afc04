import { Registry } from 'prom-client';
import { beforeEach, expect, test } from 'vitest';
import { KubeApiError } from '../kube/client.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Event } from '../kube/resources.ts';
import { createLogger } from '../telemetry/log.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { createEventRecorder, type EventRecorder } from './recorder.ts';

let clock: VirtualClock;
let recorder: EventRecorder;
let registry: Registry;
let created: Event[];
let patches: { name: string; series: { count: number } }[];
let failure: Error | undefined;

const object = (name = 'shop', uid = 'u1'): KubeObject => ({
  apiVersion: 'example.org/v1',
  kind: 'Thing',
  metadata: { name, namespace: 'ns', uid, resourceVersion: '7' },
});
const event = (note = 'made a Pod') => ({ type: 'Normal', reason: 'Made', action: 'Create', note }) as const;
const counted = async (result: string): Promise<number> => {
  const values = (await registry.getSingleMetric('event_recorder_events_total')?.get())?.values ?? [];
  return values.find(({ labels }) => labels.result === result)?.value ?? 0;
};

beforeEach(() => {
  clock = new VirtualClock();
  registry = new Registry();
  created = [];
  patches = [];
  failure = undefined;
  recorder = createEventRecorder({
    client: {
      create: async (_resource, made) => {
        if (failure !== undefined) throw failure;
        created.push(made as unknown as Event);
        return made;
      },
      mergePatch: async (_resource, { name }, patch) => {
        if (failure !== undefined) throw failure;
        patches.push({ name, ...(patch as { series: { count: number } }) });
        return object() as never;
      },
    },
    clock,
    log: createLogger('test', 'silent'),
    reportingController: 'example.org/operator',
    reportingInstance: 'operator-0',
    registry,
  });
});

test('the first of its kind is written at once, equal ones are counted into it', async () => {
  recorder.record(object(), event());
  await clock.advance(1);
  expect(created).toHaveLength(1);
  expect(created[0]).toMatchObject({
    metadata: { namespace: 'ns' },
    reason: 'Made',
    regarding: { kind: 'Thing', name: 'shop', uid: 'u1' },
    eventTime: '2026-01-01T00:00:00.000000Z',
  });
  for (let i = 0; i < 99; i++) {
    recorder.record(object(), event());
    await clock.advance(1_000);
  }
  expect(created).toHaveLength(1);
  expect(patches.length).toBeLessThanOrEqual(11);
  await recorder.flush(new AbortController().signal);
  expect(patches.at(-1)).toMatchObject({ name: created[0]?.metadata.name, series: { count: 100 } });
});

test('what differs in its note or its object is an event of its own, and so is a repeat after a long silence', async () => {
  recorder.record(object(), event('one'));
  recorder.record(object(), event('two'));
  recorder.record(object('other', 'u2'), event('one'));
  await clock.advance(7 * 60_000);
  recorder.record(object(), event('one'));
  await clock.advance(1);
  expect(created.map(({ note }) => note)).toEqual(['one', 'two', 'one', 'one']);
  expect(new Set(created.map(({ metadata }) => metadata.name)).size).toBe(4);
});

test('an object that makes a new event every second is cut off, others are not', async () => {
  for (let i = 0; i < 100; i++) recorder.record(object(), event(`note ${i}`));
  recorder.record(object('other', 'u2'), event());
  await clock.advance(1);
  expect(created).toHaveLength(26);
  expect(await counted('dropped')).toBe(75);
});

test('memory is bounded however many objects there are, and what is forgotten was written', async () => {
  for (let i = 0; i < 10_000; i++) {
    recorder.record(object(`o${i}`, `u${i}`), event());
    if (i % 100 === 0) await clock.advance(1);
  }
  await clock.advance(1);
  expect(created).toHaveLength(10_000);
  failure = new Error('no network');
  for (let i = 0; i < 10_000; i++) recorder.record(object(`p${i}`, `v${i}`), event());
  expect(await counted('dropped')).toBeGreaterThanOrEqual(10_000 - 4_096);
  const text = await registry.metrics();
  expect(text).toContain('event_recorder_known_events 4096');
  expect(text).toContain('event_recorder_known_events_limit 4096');
});

test('an outage delays events, a refusal ends them, and neither stops the others', async () => {
  failure = new Error('no network');
  recorder.record(object(), event());
  await clock.advance(3_000);
  failure = undefined;
  await clock.advance(10_000);
  expect(created).toHaveLength(1);
  failure = new KubeApiError(403, 'Forbidden', 'namespace is going');
  recorder.record(object('gone', 'u3'), event());
  await clock.advance(1);
  failure = undefined;
  recorder.record(object('other', 'u2'), event());
  await clock.advance(60_000);
  expect(created.map(({ regarding }) => regarding?.name)).toEqual(['shop', 'other']);
  expect(await counted('failed')).toBe(1);
  expect(clock.pending).toBe(0);
});

test('a create that arrived although its answer was lost is not made twice', async () => {
  failure = new KubeApiError(409, 'AlreadyExists', 'exists');
  recorder.record(object(), event());
  await clock.advance(1);
  failure = undefined;
  recorder.record(object(), event());
  await clock.advance(60_000);
  expect(created).toHaveLength(0);
  expect(patches).toMatchObject([{ series: { count: 2 } }]);
});

test('a note is cut at 1,024 bytes without half a character', async () => {
  recorder.record(object(), event('€'.repeat(1_000)));
  await clock.advance(1);
  expect(created[0]?.note).toBe('€'.repeat(341));
});

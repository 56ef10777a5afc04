import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KubeApiError } from '../kube/client.ts';
import type { KubeObject } from '../kube/object.ts';
import { compareVersions } from './resource-version.ts';
import { begin, type Input, type State, type Step, step, type WatchEvent } from './state.ts';

const object = (resourceVersion: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', namespace: 'n', resourceVersion },
});
const set = (version: string): WatchEvent<KubeObject> => ({ type: 'set', object: object(version) });
const watching = (from: string, failures = 0): State<KubeObject> => ({ name: 'watching', from, failures });
const events = (...list: WatchEvent<KubeObject>[]): Input<KubeObject> => ({ type: 'events', events: list });
const ended = (error?: unknown, livedMs = 0): Input<KubeObject> => ({ type: 'ended', error, livedMs });
const page = (version: string, next = ''): Input<KubeObject> => ({
  type: 'page',
  page: { objects: [object(version)], resourceVersion: version, continue: next },
});
const waitsFor = ({ state }: Step<KubeObject>) => (state.name === 'waiting' ? state.next : state.name);

test('pages are put together and replace the store only when the last one is there', () => {
  const first = step(begin<KubeObject>().state, page('5', 'token'));
  expect(first.work).toEqual({ type: 'list', page: 'token', reason: 'start' });
  expect(first.store).toBeUndefined();
  const last = step(first.state, page('5'));
  expect(last.store).toMatchObject({ type: 'replace', resourceVersion: '5', objects: [object('5'), object('5')] });
  expect(last.work).toEqual({ type: 'watch', from: '5' });
});

test('a list that failed on a later page begins anew', () => {
  const { state } = step(begin<KubeObject>().state, page('5', 'token'));
  const failed = step(state, ended(new KubeApiError(410, 'Expired', 'the token is too old')));
  const again = step(failed.state, { type: 'elapsed' });
  expect(again.work).toEqual({ type: 'list', page: '', reason: 'list_failed' });
  expect(again.state).toMatchObject({ pages: [] });
});

test('a broken watch resumes from the last bookmark, without a list', () => {
  const { state } = step(watching('5'), events(set('6'), { type: 'bookmark', resourceVersion: '90' }));
  const broken = step(state, ended(new Error('connection reset'), 1000));
  expect(waitsFor(broken)).toEqual({ watchFrom: '90' });
  expect(step(broken.state, { type: 'elapsed' }).work).toEqual({ type: 'watch', from: '90' });
});

test.each<[string, Input<KubeObject>, unknown]>([
  ['an ERROR event 410', events({ type: 'error', status: 410, reason: 'Expired', message: '' }), { list: 'expired' }],
  ['another ERROR event', events({ type: 'error', status: 500, reason: 'X', message: '' }), { list: 'server_error' }],
  ['garbage', events({ type: 'garbage', detail: 'no JSON' }), { list: 'garbage' }],
  ['a version that goes back', events(set('4')), { list: 'regress' }],
  ['a bookmark that goes back', events({ type: 'bookmark', resourceVersion: '4' }), { list: 'regress' }],
  ['410 as the answer', ended(new KubeApiError(410, 'Expired', '')), { list: 'expired' }],
  [
    'a version from the future',
    ended(new KubeApiError(504, 'Timeout', 'Too large resource version: 9, current: 5')),
    { list: 'expired' },
  ],
  ['503', ended(new KubeApiError(503, 'ServiceUnavailable', '')), { watchFrom: '5' }],
  ['401', ended(new KubeApiError(401, 'Unauthorized', '')), { watchFrom: '5' }],
  ['an early end', ended(undefined, 10), { watchFrom: '5' }],
  ['an end in order', ended(undefined, 290_000), 'watching'],
])('after %s', (_, input, expected) => {
  expect(waitsFor(step(watching('5'), input))).toEqual(expected);
});

test('what came before garbage in the same chunk is kept', () => {
  const { store } = step(watching('5'), events(set('6'), { type: 'garbage', detail: '' }, set('7')));
  expect(store).toEqual({ type: 'change', events: [set('6')], resourceVersion: '6' });
});

test('a streamed list replaces the store when its end is told, with what happened meanwhile, and goes on as a watch', () => {
  const named = (type: 'set' | 'delete', name: string, version: string): WatchEvent<KubeObject> => {
    const { metadata, ...rest } = object(version);
    return { type, object: { ...rest, metadata: { ...metadata, name } } };
  };
  const first = step(begin<KubeObject>().state, events(named('set', 'a', '7'), named('set', 'b', '3')));
  const second = step(first.state, events(named('set', 'a', '9'), named('delete', 'b', '10'), named('set', 'c', '2')));
  expect([first.store, second.store, first.work, second.work]).toEqual([undefined, undefined, undefined, undefined]);
  const plain = step(second.state, events({ type: 'bookmark', resourceVersion: '10' }));
  expect(plain.state.name).toBe('listing');
  const done = step(plain.state, events({ type: 'bookmark', resourceVersion: '12', initialEnd: true }));
  expect(done.state).toEqual({ name: 'watching', from: '12', failures: 0 });
  expect(done.work).toBeUndefined();
  const names = done.store?.type === 'replace' ? done.store.objects.map(({ metadata }) => metadata.name) : [];
  expect(names).toEqual(['a', 'c']);
});

test.each<[string, Input<KubeObject>, unknown]>([
  ['is refused', ended(new KubeApiError(422, 'Invalid', '')), { list: 'list_failed' }],
  ['ends early', ended(undefined, 60_000), { list: 'list_failed' }],
  ['brings an error', events({ type: 'error', status: 500, reason: 'X', message: '' }), { list: 'server_error' }],
  ['brings garbage', events({ type: 'garbage', detail: '' }), { list: 'garbage' }],
])('a streamed list that %s begins anew with nothing', (_, input, expected) => {
  const { state } = step(begin<KubeObject>().state, events(set('5')));
  const failed = step(state, input);
  expect(waitsFor(failed)).toEqual(expected);
  expect(step(failed.state, { type: 'elapsed' }).state).toMatchObject({ name: 'listing', streamed: undefined });
});

const anyVersion = fc.nat(30).map(String);
const anyEvent: fc.Arbitrary<WatchEvent<KubeObject>> = fc.oneof(
  anyVersion.map(set),
  anyVersion.map((resourceVersion) => ({ type: 'bookmark' as const, resourceVersion })),
  anyVersion.map((resourceVersion) => ({ type: 'bookmark' as const, resourceVersion, initialEnd: true as const })),
  fc.constant({ type: 'garbage' as const, detail: '' }),
  fc.constantFrom(410, 500).map((status) => ({ type: 'error' as const, status, reason: '', message: '' })),
);
const anyInput: fc.Arbitrary<Input<KubeObject>> = fc.oneof(
  fc.tuple(anyVersion, fc.constantFrom('', 'more')).map(([version, next]) => page(version, next)),
  fc.array(anyEvent, { maxLength: 5 }).map((list) => events(...list)),
  fc
    .tuple(fc.constantFrom(undefined, new Error('reset'), new KubeApiError(410, 'Gone', '')), fc.nat(20_000))
    .map(([error, livedMs]) => ended(error, livedMs)),
  fc.constant({ type: 'elapsed' } as const),
);

test('whatever comes: there is always work that can end, versions of the store never go back but through a list', () => {
  fc.assert(
    fc.property(fc.array(anyInput, { maxLength: 60 }), (inputs) => {
      let now = begin<KubeObject>();
      let work = now.work?.type;
      let version = '0';
      for (const input of inputs) {
        now = step(now.state, input);
        // A streamed list that is complete goes on as a watch, without new work.
        const goesOn = work === 'list' && now.state.name === 'watching' ? 'watch' : work;
        work = now.work?.type ?? goesOn;
        expect(work).toBe({ listing: 'list', watching: 'watch', waiting: 'wait' }[now.state.name]);
        if (now.store?.type === 'change')
          expect(compareVersions(now.store.resourceVersion, version)).toBeGreaterThanOrEqual(0);
        version = now.store?.resourceVersion ?? version;
        if (now.state.name === 'watching') expect(now.state.from).toBe(version);
        if (now.work?.type === 'wait') expect(now.work.ceilingMs).toBeLessThanOrEqual(30_000);
      }
    }),
    { numRuns: 5000 },
  );
});

test('failures in a row back off from 200 ms to 30 s, an event makes good', () => {
  let { state } = step(watching('5'), ended(new Error('reset')));
  const waits: number[] = [];
  for (let i = 0; i < 9; i++) {
    const next = step(step(state, { type: 'elapsed' }).state, ended(new Error('reset')));
    if (next.work?.type === 'wait') waits.push(next.work.ceilingMs);
    state = next.state;
  }
  expect(waits).toEqual([400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  const lively = step(step(state, { type: 'elapsed' }).state, events(set('6')));
  expect(step(lively.state, ended(new Error('reset'))).work).toMatchObject({ ceilingMs: 200 });
});

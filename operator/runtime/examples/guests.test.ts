import { createLogger } from '@sluice/runtime/telemetry';
import { ApiServerModel, createModelCluster, seededRandom, VirtualClock } from '@sluice/runtime/testing';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { ConfigMap, Event, runManager } from '../index.ts';
import { Guest, type GuestBook, guests } from './guests.ts';

function setUp(book: GuestBook) {
  const clock = new VirtualClock();
  const random = seededRandom(1);
  const model = new ApiServerModel({ clock, random, resources: [Guest] });
  const cluster = createModelCluster(model, { userAgent: 'operator' });
  const stop = new AbortController();
  const parts = { cluster, controllers: [guests(book)], clock, random };
  const who = { identity: 'test', reportingController: 'example.org/guests' };
  const log = createLogger('test', 'silent');
  const ended = runManager({ ...parts, ...who, log, registry: new Registry() }, stop.signal);
  const { client } = createModelCluster(model, { userAgent: 'user' });
  const end = async (): Promise<void> => {
    stop.abort();
    await clock.advance(5_000);
    await ended;
  };
  return { clock, model, client, end };
}

const key = { namespace: 'default', name: 'ann' };
const ann: Guest = { apiVersion: 'example.org/v1', kind: 'Guest', metadata: { ...key }, spec: { name: 'Ann' } };
const silentBook: GuestBook = { enter: async () => {}, erase: async () => {} };

test('a guest gets a card, a condition and an event, and then nothing more is written', async () => {
  const { clock, model, client, end } = setUp(silentBook);
  await client.create(Guest, ann);
  await clock.advance(60_000);
  expect(model.peek(ConfigMap, key)?.data).toEqual({ card: 'Hello, Ann!' });
  expect(model.peek(Guest, key)?.status?.conditions).toMatchObject([{ type: 'Ready', status: 'True' }]);
  expect(model.objects(Event)).toMatchObject([{ reason: 'Welcome' }]);
  const writes: string[] = [];
  model.onWrite(({ verb, resource }) => writes.push(`${verb} ${resource.kind}`));
  await clock.advance(3_600_000);
  expect(writes).toEqual([]);
  await end();
});

test('the phrases of a namespace reach the guests they name', async () => {
  const { clock, model, client, end } = setUp(silentBook);
  await client.create(Guest, ann);
  await clock.advance(60_000);
  const metadata = { name: 'phrases', namespace: key.namespace };
  const data = { greeting: 'Welcome', guests: 'ann' };
  await client.create(ConfigMap, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
  await clock.advance(60_000);
  expect(model.peek(ConfigMap, key)?.data).toEqual({ card: 'Welcome, Ann!' });
  await end();
});

test('a guest leaves when the book says so, however often that takes', async () => {
  const erased: string[] = [];
  let failures = 3;
  const { clock, model, client, end } = setUp({
    enter: async () => {},
    async erase(uid) {
      if (failures-- > 0) throw new Error('the book is closed');
      erased.push(uid);
    },
  });
  const { metadata } = await client.create(Guest, ann);
  await clock.advance(60_000);
  const { uid = '' } = metadata;
  await client.delete(Guest, key, { preconditions: { uid } });
  await clock.advance(60_000);
  expect(erased).toEqual([uid]);
  expect(model.peek(Guest, key)).toBeUndefined();
  await end();
});

import { expect } from 'vitest';
import { ConfigMap, KubeApiError } from '../../../kube/index.ts';
import { Widget } from '../widget.ts';
import type { Case, Seen, Watching, World } from '../world.ts';

const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

const told = ({ seen }: Watching): string[] =>
  seen.filter(({ type }) => type !== 'BOOKMARK').map(({ type, object }) => `${type} ${object.metadata.name}`);

const version = ({ object }: Seen): number => Number(object.metadata.resourceVersion);

async function newest({ client, namespace }: World): Promise<string> {
  return (await client.list(Widget, { namespace })).resourceVersion;
}

async function changeThreeTimes({ client, widget, key }: World): Promise<void> {
  const { metadata } = await client.create(Widget, widget('a', { size: 4 }));
  await client.mergePatch(Widget, key('a'), { spec: { size: 5 } });
  await client.delete(Widget, key('a'), { preconditions: { uid: metadata.uid ?? '' } });
}

const changes = ['ADDED a', 'MODIFIED a', 'DELETED a'];

/** How a server says that it does not know a version any more: as an answer, or as an event. */
async function endsExpired(world: World, watching: Watching): Promise<void> {
  await world.eventually(
    () => watching.over(),
    (over) => over !== undefined,
  );
  const over = watching.over();
  const asAnswer = over instanceof KubeApiError ? over.status : undefined;
  const [last] = watching.seen.slice(-1);
  expect(asAnswer ?? (last?.object as { code?: unknown } | undefined)?.code).toBe(410);
}

export const watchCases: readonly Case[] = [
  {
    name: 'a watch from a list tells each later change once and in order',
    run: async (world) => {
      const watching = world.watch(Widget, { resourceVersion: await newest(world) });
      await changeThreeTimes(world);
      await world.eventually(
        () => watching.seen,
        ({ length }) => length >= 3,
      );
      expect(told(watching)).toEqual(changes);
      const versions = watching.seen.map(version);
      expect(versions).toEqual([...versions].sort((a, b) => a - b));
      await watching.stop();
    },
  },
  {
    name: 'a watch that begins later tells what it missed',
    run: async (world) => {
      const from = await newest(world);
      await changeThreeTimes(world);
      const watching = world.watch(Widget, { resourceVersion: from });
      await world.eventually(
        () => watching.seen,
        ({ length }) => length >= 3,
      );
      expect(told(watching)).toEqual(changes);
      await watching.stop();
    },
  },
  {
    name: 'a watch resumes behind the version it is given',
    run: async (world) => {
      const { metadata } = await world.client.create(Widget, world.widget('a'));
      await world.client.mergePatch(Widget, world.key('a'), { spec: { size: 5 } });
      const watching = world.watch(Widget, { resourceVersion: metadata.resourceVersion });
      await world.eventually(
        () => watching.seen,
        ({ length }) => length >= 1,
      );
      expect(told(watching)).toEqual(['MODIFIED a']);
      await watching.stop();
    },
  },
  {
    name: 'the event of a deletion has the last state, at the version of the deletion',
    run: async (world) => {
      const watching = world.watch(Widget, { resourceVersion: await newest(world) });
      await changeThreeTimes(world);
      const seen = await world.eventually(
        () => watching.seen,
        ({ length }) => length >= 3,
      );
      const [, modified, deleted] = seen;
      expect(deleted?.object).toMatchObject({ spec: { size: 5 } });
      expect(version(deleted as Seen)).toBeGreaterThan(version(modified as Seen));
      await watching.stop();
    },
  },
  {
    name: 'a write that changes nothing is no event',
    run: async (world) => {
      const { client, widget, key } = world;
      const watching = world.watch(Widget, { resourceVersion: await newest(world) });
      await client.create(Widget, widget('a', { size: 4 }));
      await client.mergePatch(Widget, key('a'), { spec: { size: 4 } });
      await client.create(Widget, widget('b'));
      await world.eventually(
        () => told(watching),
        (events) => events.includes('ADDED b'),
      );
      expect(told(watching)).toEqual(['ADDED a', 'ADDED b']);
      await watching.stop();
    },
  },
  {
    name: 'for a selector an object appears and disappears with its labels',
    run: async (world) => {
      const { client, widget, key } = world;
      const query = { resourceVersion: await newest(world), labelSelector: 'tier=front' };
      const watching = world.watch(Widget, query);
      await client.create(Widget, widget('a'));
      await client.mergePatch(Widget, key('a'), { metadata: { labels: { tier: 'front' } } });
      await client.mergePatch(Widget, key('a'), { spec: { size: 5 } });
      await client.mergePatch(Widget, key('a'), { metadata: { labels: { tier: 'back' } } });
      await client.mergePatch(Widget, key('a'), { spec: { size: 6 } });
      const seen = await world.eventually(
        () => watching.seen,
        ({ length }) => length >= 3,
      );
      expect(told(watching)).toEqual(changes);
      expect(seen[2]?.object.metadata.labels).toEqual({ tier: 'front' });
      expect(version(seen[2] as Seen)).toBeGreaterThan(version(seen[1] as Seen));
      await watching.stop();
    },
  },
  {
    name: 'a field selector chooses one object to watch',
    run: async (world) => {
      const query = { resourceVersion: await newest(world), fieldSelector: 'metadata.name=b' };
      const watching = world.watch(Widget, query);
      for (const name of ['a', 'b', 'c']) await world.client.create(Widget, world.widget(name));
      await world.eventually(
        () => watching.seen,
        ({ length }) => length >= 1,
      );
      expect(told(watching)).toEqual(['ADDED b']);
      await watching.stop();
    },
  },
  {
    name: 'a watch of a namespace tells of no other',
    run: async (world) => {
      const { client, configMap, namespace } = world;
      const { resourceVersion } = await client.list(ConfigMap, { namespace });
      const watching = world.watch(ConfigMap, { resourceVersion });
      await client.create(ConfigMap, configMap(`far-${namespace}`, {}, { namespace: 'default' }));
      await client.create(ConfigMap, configMap('near'));
      await world.eventually(
        () => told(watching),
        (events) => events.includes('ADDED near'),
      );
      expect(told(watching)).not.toContain(`ADDED far-${namespace}`);
      await watching.stop();
    },
  },
  ...((['', '0'] as const).map((resourceVersion) => ({
    name: `a watch from version '${resourceVersion}' begins with all there is`,
    run: async (world) => {
      for (const name of ['b', 'a']) await world.client.create(Widget, world.widget(name));
      // A server that answers version 0 from its cache may be late.
      const watching = world.watch(Widget, { resourceVersion });
      await world.client.create(Widget, world.widget('c'));
      await world.eventually(
        () => told(watching),
        (events) => events.includes('ADDED c'),
      );
      expect(told(watching).sort()).toEqual(['ADDED a', 'ADDED b', 'ADDED c']);
      await watching.stop();
    },
  })) satisfies Case[]),
  {
    name: 'a streaming list ends with a bookmark that says so',
    run: async (world) => {
      for (const name of ['a', 'b']) await world.client.create(Widget, world.widget(name));
      const watching = world.watch(Widget, {
        sendInitialEvents: true,
        resourceVersionMatch: 'NotOlderThan',
        allowWatchBookmarks: true,
      });
      const seen = await world.eventually(
        () => watching.seen,
        ({ length }) => length >= 3,
      );
      expect(told(watching)).toEqual(['ADDED a', 'ADDED b']);
      expect([seen[2]?.type, seen[2]?.object.metadata.annotations]).toEqual([
        'BOOKMARK',
        { 'k8s.io/initial-events-end': 'true' },
      ]);
      await world.client.create(Widget, world.widget('c'));
      await world.eventually(
        () => told(watching),
        (events) => events.includes('ADDED c'),
      );
      await watching.stop();
    },
  },
  {
    name: 'a watch of a time ends in order after it, with a bookmark before',
    run: async (world) => {
      const query = { resourceVersion: await newest(world), allowWatchBookmarks: true, timeoutSeconds: 4 };
      const watching = world.watch(Widget, query);
      await world.client.create(Widget, world.widget('a'));
      await world.eventually(
        () => watching.over(),
        (over) => over !== undefined,
      );
      expect(watching.over()).toBe('end');
      const bookmarks = watching.seen.filter(({ type }) => type === 'BOOKMARK');
      expect(bookmarks.length).toBeGreaterThan(0);
      for (const { object } of bookmarks) {
        expect(object.kind).toBe('Widget');
        expect(Number(object.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(query.resourceVersion));
      }
    },
  },
  {
    name: 'a watch without bookmarks gets none',
    run: async (world) => {
      const watching = world.watch(Widget, { resourceVersion: await newest(world), timeoutSeconds: 3 });
      await world.eventually(
        () => watching.over(),
        (over) => over !== undefined,
      );
      expect(watching.seen).toEqual([]);
    },
  },
  {
    name: 'a watch from a forgotten version has expired',
    run: async (world) => {
      await changeThreeTimes(world);
      await world.compact();
      await endsExpired(world, world.watch(Widget, { resourceVersion: 1 }));
    },
  },
  {
    name: 'a watch from a version that is none is refused',
    run: async (world) => {
      const watching = world.watch(Widget, { resourceVersion: 'soon' });
      await world.eventually(
        () => watching.over(),
        (over) => over !== undefined,
      );
      expect(watching.over()).toMatchObject({ name: 'KubeApiError' });
    },
  },
  {
    name: 'a watch from the future is silent until then',
    run: async (world) => {
      const future = Number(await newest(world)) + 1_000_000;
      const watching = world.watch(Widget, { resourceVersion: future, timeoutSeconds: 2 });
      await world.client.create(Widget, world.widget('a'));
      await world.eventually(
        () => watching.over(),
        (over) => over !== undefined,
      );
      expect(told(watching)).toEqual([]);
    },
  },
  {
    name: 'a watch of metadata tells of metadata only',
    run: async (world) => {
      const watching = world.watch(Widget, { resourceVersion: await newest(world) }, METADATA);
      await world.client.create(Widget, world.widget('a', { size: 4 }));
      const [event] = await world.eventually(
        () => watching.seen,
        ({ length }) => length >= 1,
      );
      expect(event?.object.kind).toBe('PartialObjectMetadata');
      expect(Object.keys(event?.object ?? {}).sort()).toEqual(['apiVersion', 'kind', 'metadata']);
      await watching.stop();
    },
  },
];

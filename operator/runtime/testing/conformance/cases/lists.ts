import { expect } from 'vitest';
import { ConfigMap, type KubeObject, Pod } from '../../../kube/index.ts';
import { collectionPath, objectPath } from '../../../kube/paths.ts';
import { Widget } from '../widget.ts';
import { type Case, configMaps, createPod, inOrder, refusal, type World } from '../world.ts';

interface Page {
  readonly kind: string;
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly KubeObject[];
}

const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

async function page({ client, namespace }: World, query: Record<string, string | number>): Promise<Page> {
  return (await client.raw('GET', collectionPath(Widget, namespace, query))) as Page;
}

const names = ({ items }: Page): string[] => items.map(({ metadata }) => metadata.name);

async function createWidgets({ client, widget }: World, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await client.create(Widget, widget(`w-${index}`));
}

async function createLabelled({ client, configMap }: World): Promise<void> {
  await client.create(ConfigMap, configMap('a', {}, { labels: { tier: 'front', env: 'x' } }));
  await client.create(ConfigMap, configMap('b', {}, { labels: { tier: 'back' } }));
  await client.create(ConfigMap, configMap('c', {}, { labels: { env: 'y' } }));
}

const selectors: readonly (readonly [string, readonly string[]])[] = [
  ['tier=front', ['a']],
  ['tier==back', ['b']],
  ['tier!=front', ['b', 'c']],
  ['tier', ['a', 'b']],
  ['!tier', ['c']],
  ['tier in (front,back)', ['a', 'b']],
  ['tier notin (front)', ['b', 'c']],
  ['tier=front,env=x', ['a']],
  ['tier in (front, back),env', ['a']],
];

export const listCases: readonly Case[] = [
  {
    name: 'an empty collection is an empty list with a version',
    run: async (world) => {
      const { items, resourceVersion } = await world.client.list(Widget, { namespace: world.namespace });
      expect(items).toEqual([]);
      expect(resourceVersion).toMatch(/^[1-9][0-9]*$/);
    },
  },
  {
    name: 'lists are in the order of names, whatever the order of creation',
    run: async (world) => {
      for (const name of ['b', 'a.x', 'a', 'a-x', 'c']) await world.client.create(Widget, world.widget(name));
      expect(await inOrder(Widget, world)()).toEqual(['a', 'a-x', 'a.x', 'b', 'c']);
    },
  },
  {
    name: 'pages follow each other without gap',
    run: async (world) => {
      await createWidgets(world, 5);
      const first = await page(world, { limit: 2 });
      expect([names(first), first.metadata.remainingItemCount]).toEqual([['w-0', 'w-1'], 3]);
      const second = await page(world, { limit: 2, continue: first.metadata.continue ?? '' });
      expect([names(second), second.metadata.remainingItemCount]).toEqual([['w-2', 'w-3'], 1]);
      const third = await page(world, { limit: 2, continue: second.metadata.continue ?? '' });
      expect([names(third), third.metadata.continue ?? '']).toEqual([['w-4'], '']);
    },
  },
  {
    name: 'later pages show the state of the first',
    run: async (world) => {
      await createWidgets(world, 4);
      const first = await page(world, { limit: 2 });
      await world.client.create(Widget, world.widget('w-9'));
      const gone = await world.client.get(Widget, world.key('w-3'));
      await world.client.delete(Widget, world.key('w-3'), { preconditions: { uid: gone?.metadata.uid ?? '' } });
      await world.client.mergePatch(Widget, world.key('w-2'), { spec: { size: 99 } });
      const second = await page(world, { limit: 9, continue: first.metadata.continue ?? '' });
      expect(names(second)).toEqual(['w-2', 'w-3']);
      expect(second.items[0]).toMatchObject({ spec: { size: 3 } });
      expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    },
  },
  {
    name: 'a page of a version that is forgotten has expired',
    run: async (world) => {
      await createWidgets(world, 3);
      const { metadata } = await page(world, { limit: 1 });
      await world.client.mergePatch(Widget, world.key('w-1'), { spec: { size: 9 } });
      await world.compact();
      const token = JSON.parse(Buffer.from(metadata.continue ?? '', 'base64url').toString('utf8')) as object;
      const old = Buffer.from(JSON.stringify({ ...token, rv: 1 })).toString('base64url');
      expect(await refusal(page(world, { limit: 1, continue: old }))).toMatchObject({ status: 410, reason: 'Expired' });
    },
  },
  {
    name: 'a continue token that is none is refused',
    run: async (world) => {
      expect(await refusal(page(world, { continue: 'nonsense' }))).toMatchObject({ status: 400 });
    },
  },
  ...(selectors.map(([labelSelector, expected]) => ({
    name: `label selector ${labelSelector}`,
    run: async (world) => {
      await createLabelled(world);
      const found = await configMaps(world, { labelSelector });
      expect(found.map(({ metadata }) => metadata.name)).toEqual(expected);
    },
  })) satisfies Case[]),
  {
    name: 'a label selector that is none is refused',
    run: async (world) => {
      expect(await refusal(configMaps(world, { labelSelector: 'a=b=c' }))).toMatchObject({ status: 400 });
    },
  },
  {
    name: 'a field selector finds by name',
    run: async (world) => {
      await createLabelled(world);
      const found = await configMaps(world, { fieldSelector: 'metadata.name=b' });
      expect(found.map(({ metadata }) => metadata.name)).toEqual(['b']);
      const others = await configMaps(world, { fieldSelector: 'metadata.name!=b' });
      expect(others.map(({ metadata }) => metadata.name)).toEqual(['a', 'c']);
    },
  },
  {
    name: 'a field selector finds pods by their node',
    run: async (world) => {
      for (const nodeName of ['one', 'two']) await createPod(world, `on-${nodeName}`, { nodeName });
      const { client, namespace } = world;
      const { items } = await client.list(Pod, { namespace, fieldSelector: 'spec.nodeName=two' });
      expect(items.map(({ metadata }) => metadata.name)).toEqual(['on-two']);
    },
  },
  {
    name: 'a field that is not indexed cannot be selected by',
    run: async (world) => {
      expect(await refusal(configMaps(world, { fieldSelector: 'data.x=1' }))).toMatchObject({ status: 400 });
      const call = world.client.list(Widget, { namespace: world.namespace, fieldSelector: 'spec.size=3' });
      expect(await refusal(call)).toMatchObject({ status: 400 });
    },
  },
  {
    name: 'a list of one namespace shows no other, a list of all shows both',
    run: async (world) => {
      const { client, configMap, namespace } = world;
      await client.create(ConfigMap, configMap(`only-${namespace}`));
      await client.create(ConfigMap, configMap(`only-${namespace}`, {}, { namespace: 'default' }));
      const fieldSelector = `metadata.name=only-${namespace}`;
      expect(await configMaps(world, { fieldSelector })).toHaveLength(1);
      const everywhere = await client.list(ConfigMap, { fieldSelector });
      expect(everywhere.items.map(({ metadata }) => metadata.namespace).sort()).toEqual([namespace, 'default'].sort());
    },
  },
  {
    name: 'metadata can be had without the rest',
    run: async (world) => {
      await createWidgets(world, 2);
      const { transport } = world.cluster;
      const get = (path: string, accept: string) =>
        transport.request({ method: 'GET', path, accept, timeoutMs: 9_000 });
      const list = (await get(collectionPath(Widget, world.namespace), METADATA_LIST)) as Page;
      expect(list.kind).toBe('PartialObjectMetadataList');
      expect(list.items.map((item) => Object.keys(item).sort())).toEqual(
        [1, 2].map(() => ['apiVersion', 'kind', 'metadata']),
      );
      const one = (await get(objectPath(Widget, world.key('w-1')), METADATA)) as KubeObject;
      expect([one.kind, one.metadata.name]).toEqual(['PartialObjectMetadata', 'w-1']);
    },
  },
];

import { expect } from 'vitest';
import { ConfigMap, Deployment, type KubeObject } from '../../../kube/index.ts';
import { objectPath } from '../../../kube/paths.ts';
import { Widget } from '../widget.ts';
import { type Case, refusal, type World } from '../world.ts';

const deployment = ({ namespace }: World, name: string): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'a', image: 'a' }] } },
  },
});

export const statusCases: readonly Case[] = [
  {
    name: 'a create and a replace leave the status alone',
    run: async ({ client, widget }) => {
      const first = await client.create(Widget, { ...widget('a'), status: { phase: 'given' } });
      expect(first.status).toBeUndefined();
      const second = await client.replace(Widget, { ...first, spec: { size: 9 }, status: { phase: 'given' } });
      expect(second.status).toBeUndefined();
    },
  },
  {
    name: 'a write to the status changes the status only',
    run: async ({ client, widget, key }) => {
      const first = await client.create(Widget, widget('a', { size: 4 }, { labels: { x: '1' } }));
      const changed = { ...first, spec: { size: 9 }, status: { phase: 'ready' } };
      changed.metadata = { ...first.metadata, labels: { x: '2' } };
      await client.replace(Widget, changed, { subresource: 'status' });
      const found = await client.get(Widget, key('a'));
      expect(found).toMatchObject({ spec: { size: 4 }, status: { phase: 'ready' }, metadata: { labels: { x: '1' } } });
    },
  },
  {
    name: 'a merge patch of the status changes the status only',
    run: async ({ client, widget, key }) => {
      await client.create(Widget, widget('a', { size: 4 }));
      const patch = { spec: { size: 9 }, status: { phase: 'ready' } };
      const patched = await client.mergePatch<Widget>(Widget, key('a'), patch, { subresource: 'status' });
      expect(patched).toMatchObject({ spec: { size: 4 }, status: { phase: 'ready' } });
    },
  },
  {
    name: 'a status is compared and swapped like the rest',
    run: async ({ client, widget }) => {
      const first = await client.create(Widget, widget('a'));
      const write = (phase: string) =>
        client.replace(Widget, { ...first, status: { phase } }, { subresource: 'status' });
      await write('one');
      expect(await refusal(write('two'))).toMatchObject({ status: 409, reason: 'Conflict' });
    },
  },
  {
    name: 'generation counts the changes of the spec and of nothing else',
    run: async ({ client, widget, key }) => {
      await client.create(Widget, widget('a', { size: 4 }));
      const change = async (patch: object, subresource?: 'status') =>
        (await client.mergePatch(Widget, key('a'), patch, subresource && { subresource })).metadata.generation;
      expect(await change({ metadata: { labels: { x: '1' } } })).toBe(1);
      expect(await change({ status: { phase: 'ready' } }, 'status')).toBe(1);
      expect(await change({ spec: { size: 4 } })).toBe(1);
      expect(await change({ spec: { size: 5 } })).toBe(2);
      expect(await change({ status: { phase: 'given' } })).toBe(2);
    },
  },
  {
    name: 'generation of a Deployment counts alike',
    run: async (world) => {
      const { client, key } = world;
      expect((await client.create(Deployment, deployment(world, 'a'))).metadata.generation).toBe(1);
      const labelled = await client.mergePatch(Deployment, key('a'), { metadata: { labels: { x: '1' } } });
      expect(labelled.metadata.generation).toBe(1);
      const changed = await client.mergePatch(Deployment, key('a'), { spec: { paused: true } });
      expect(changed.metadata.generation).toBe(2);
    },
  },
  {
    name: 'a ConfigMap has no status',
    run: async ({ client, configMap, key }) => {
      await client.create(ConfigMap, configMap('a'));
      const call = client.mergePatch(ConfigMap, key('a'), { data: {} }, { subresource: 'status' });
      expect(await refusal(call)).toMatchObject({ status: 404, reason: 'NotFound' });
    },
  },
  {
    name: 'the status can be read by its own path',
    run: async ({ client, widget, key }) => {
      await client.create(Widget, widget('a', { size: 4 }));
      const found = (await client.raw('GET', objectPath(Widget, key('a'), 'status'))) as Widget;
      expect(found.spec?.size).toBe(4);
    },
  },
  {
    name: 'scale reads and sets the replicas',
    run: async ({ client, widget, key }) => {
      await client.create(Widget, widget('a', { replicas: 2 }));
      await client.mergePatch(Widget, key('a'), { spec: { replicas: 5 } }, { subresource: 'scale' });
      const scale = (await client.raw('GET', objectPath(Widget, key('a'), 'scale'))) as KubeObject;
      expect(scale).toMatchObject({ kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 5 } });
      expect(await client.get(Widget, key('a'))).toMatchObject({ spec: { replicas: 5 }, metadata: { generation: 2 } });
    },
  },
];

import { expect } from 'vitest';
import { ConfigMap, Deployment, type KubeObject } from '../../../kube/index.ts';
import { objectPath } from '../../../kube/paths.ts';
import { Widget } from '../widget.ts';
import { type Case, refusal, type World } from '../world.ts';

const FAR_UID = '11111111-2222-4333-8444-555555555555';

const applyMap = (
  { client, configMap }: World,
  manager: string,
  data: Record<string, string> | undefined,
  metadata: object = {},
  force = false,
) => {
  const { data: _, ...bare } = configMap('a', {}, metadata);
  const body = data === undefined ? bare : { ...bare, data };
  return client.apply<ConfigMap>(ConfigMap, body, { fieldManager: manager, force });
};

const applyWidget = (
  { client, widget }: World,
  manager: string,
  spec: Widget['spec'],
  metadata: object = {},
  force = false,
) => client.apply<Widget>(Widget, widget('a', spec, metadata), { fieldManager: manager, force });

const applyStatus = ({ client, namespace }: World, manager: string, status: Widget['status'], force = false) => {
  const body = { apiVersion: 'conformance.example.org/v1', kind: 'Widget', metadata: { name: 'a', namespace }, status };
  return client.apply<Widget>(Widget, body as KubeObject, { fieldManager: manager, force, subresource: 'status' });
};

const ports = (...names: string[]) => names.map((name, index) => ({ name, port: 80 + index }));

export const ownershipCases: readonly Case[] = [
  {
    name: 'an apply creates what is not there',
    run: async (world) => {
      const made = await applyMap(world, 'one', { x: '1' });
      expect([made.data, made.metadata.generation]).toEqual([{ x: '1' }, undefined]);
    },
  },
  {
    name: 'an apply adds to what others own',
    run: async (world) => {
      await applyMap(world, 'one', { x: '1' });
      expect((await applyMap(world, 'two', { y: '2' })).data).toEqual({ x: '1', y: '2' });
    },
  },
  {
    name: 'an apply of another value than its owner wants is a conflict that names the owner and the field',
    run: async (world) => {
      await applyMap(world, 'one', { x: '1' });
      const refused = await refusal(applyMap(world, 'two', { x: '2' }));
      expect(refused).toEqual({
        status: 409,
        reason: 'Conflict',
        message: 'Apply failed with 1 conflict: conflict with "one": .data.x',
      });
    },
  },
  {
    name: 'a conflict names all fields',
    run: async (world) => {
      await applyMap(world, 'one', { x: '1', y: '1' });
      const { message } = await refusal(applyMap(world, 'two', { x: '2', y: '2' }));
      expect(message).toBe('Apply failed with 2 conflicts: conflicts with "one":\n- .data.x\n- .data.y');
    },
  },
  {
    name: 'a conflict names all owners',
    run: async (world) => {
      await applyMap(world, 'one', { x: '1' });
      await applyMap(world, 'two', { y: '1' });
      const { message } = await refusal(applyMap(world, 'three', { x: '2', y: '2' }));
      expect(message).toBe(
        'Apply failed with 2 conflicts: conflicts with "one":\n- .data.x\nconflicts with "two":\n- .data.y',
      );
    },
  },
  {
    name: 'a conflict with somebody who does not apply says with which version of the API',
    run: async (world) => {
      const { client, configMap, key } = world;
      await client.create(ConfigMap, configMap('a', { x: '1' }));
      const path = `${objectPath(ConfigMap, key('a'))}?fieldManager=writer`;
      await client.raw('PUT', path, configMap('a', { x: '2' }));
      const { message } = await refusal(applyMap(world, 'one', { x: '3' }));
      expect(message).toBe('Apply failed with 1 conflict: conflict with "writer" using v1: .data.x');
    },
  },
  {
    name: 'force takes the field over',
    run: async (world) => {
      await applyMap(world, 'one', { x: '1' });
      expect((await applyMap(world, 'two', { x: '2' }, {}, true)).data).toEqual({ x: '2' });
      const { message } = await refusal(applyMap(world, 'one', { x: '1' }));
      expect(message).toContain('conflict with "two": .data.x');
    },
  },
  {
    name: 'two that want the same value own the field together',
    run: async (world) => {
      await applyMap(world, 'one', { x: '1' });
      await applyMap(world, 'two', { x: '1' });
      expect((await applyMap(world, 'one', {})).data).toEqual({ x: '1' });
      expect((await applyMap(world, 'two', {})).data).toBeUndefined();
    },
  },
  {
    name: 'what is no longer applied goes',
    run: async (world) => {
      await applyMap(world, 'one', { x: '1', y: '1' });
      expect((await applyMap(world, 'one', { x: '1' })).data).toEqual({ x: '1' });
    },
  },
  {
    name: 'who lost a field does not remove it',
    run: async (world) => {
      await applyMap(world, 'one', { x: '1' });
      await applyMap(world, 'two', { x: '2' }, {}, true);
      expect((await applyMap(world, 'one', {})).data).toEqual({ x: '2' });
    },
  },
  {
    name: 'a write that is no apply takes the field, so that the next apply conflicts',
    run: async (world) => {
      await applyMap(world, 'one', { x: '1' });
      await world.client.mergePatch(ConfigMap, world.key('a'), { data: { x: '2' } });
      expect(await refusal(applyMap(world, 'one', { x: '1' }))).toMatchObject({ status: 409, reason: 'Conflict' });
      expect((await applyMap(world, 'one', { x: '2' })).data).toEqual({ x: '2' });
    },
  },
  {
    name: 'what another write removed is applied again without a conflict',
    run: async (world) => {
      await applyMap(world, 'one', { x: '1', y: '1' });
      await world.client.mergePatch(ConfigMap, world.key('a'), { data: { x: null } });
      expect((await applyMap(world, 'one', { x: '1', y: '1' })).data).toEqual({ x: '1', y: '1' });
    },
  },
  {
    name: 'what a create set is not removed by an apply that does not name it',
    run: async (world) => {
      await world.client.create(ConfigMap, world.configMap('a', { x: '1' }));
      expect((await applyMap(world, 'one', { y: '1' })).data).toEqual({ x: '1', y: '1' });
    },
  },
  {
    name: 'an apply that changes nothing makes no version',
    run: async (world) => {
      const first = await applyMap(world, 'one', { x: '1' }, { labels: { l: '1' } });
      expect((await applyMap(world, 'one', { x: '1' }, { labels: { l: '1' } })).metadata).toEqual(first.metadata);
      const custom = await applyWidget(world, 'one', { size: 4, ports: ports('a', 'b') });
      expect((await applyWidget(world, 'one', { size: 4, ports: ports('a', 'b') })).metadata).toEqual(custom.metadata);
    },
  },
  {
    name: 'an apply that only takes part in a field makes a version, but no generation',
    run: async (world) => {
      const first = await applyWidget(world, 'one', { size: 4 });
      const second = await applyWidget(world, 'two', { size: 4 });
      expect(second.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion);
      expect(second.metadata.generation).toBe(1);
    },
  },
  {
    name: 'labels and annotations are owned one by one, and the last takes the map with it',
    run: async (world) => {
      await applyMap(world, 'one', undefined, { labels: { a: '1' } });
      const both = await applyMap(world, 'two', undefined, { labels: { b: '2' } });
      expect(both.metadata.labels).toEqual({ a: '1', b: '2' });
      expect((await applyMap(world, 'one', undefined)).metadata.labels).toEqual({ b: '2' });
      expect((await applyMap(world, 'two', undefined)).metadata.labels).toBeUndefined();
    },
  },
  {
    name: 'an empty map is a value with an owner, although it is not stored',
    run: async (world) => {
      expect((await applyMap(world, 'one', {})).data).toBeUndefined();
      const { message } = await refusal(applyMap(world, 'two', {}));
      expect(message).toBe('Apply failed with 1 conflict: conflict with "one": .data');
    },
  },
  {
    name: 'finalizers are a set: each owner adds and removes its own',
    run: async (world) => {
      await applyWidget(world, 'one', {}, { finalizers: ['example.org/a'] });
      const both = await applyWidget(world, 'two', {}, { finalizers: ['example.org/b'] });
      expect(both.metadata.finalizers?.slice().sort()).toEqual(['example.org/a', 'example.org/b']);
      expect((await applyWidget(world, 'one', {})).metadata.finalizers).toEqual(['example.org/b']);
    },
  },
  {
    name: 'owner references are told apart by uid',
    run: async (world) => {
      const { client, widget } = world;
      const reference = async (name: string) => {
        const { metadata } = await client.create(Widget, widget(name));
        return { apiVersion: 'conformance.example.org/v1', kind: 'Widget', name, uid: metadata.uid };
      };
      const [first, second] = [await reference('x'), await reference('y')];
      await applyMap(world, 'one', undefined, { ownerReferences: [first] });
      const both = await applyMap(world, 'two', undefined, { ownerReferences: [second] });
      expect(both.metadata.ownerReferences?.map(({ name }) => name)).toEqual(['x', 'y']);
      expect((await applyMap(world, 'one', undefined)).metadata.ownerReferences?.map(({ name }) => name)).toEqual([
        'y',
      ]);
    },
  },
];

export const mergeCases: readonly Case[] = [
  {
    name: 'items of a map list merge by their keys',
    run: async (world) => {
      await applyWidget(world, 'one', { ports: [{ name: 'a', port: 80 }] });
      const both = await applyWidget(world, 'two', {
        ports: [
          { name: 'a', label: 'x' },
          { name: 'b', port: 81 },
        ],
      });
      expect(both.spec?.ports).toEqual([
        { name: 'a', protocol: 'TCP', port: 80, label: 'x' },
        { name: 'b', protocol: 'TCP', port: 81 },
      ]);
    },
  },
  {
    name: 'items that differ in a key with a default are two',
    run: async (world) => {
      const both = await applyWidget(world, 'one', { ports: [{ name: 'a' }, { name: 'a', protocol: 'UDP' }] });
      expect(both.spec?.ports).toHaveLength(2);
    },
  },
  {
    name: 'an item that is no longer applied goes, the others keep as much of their order as may be',
    run: async (world) => {
      await applyWidget(world, 'one', { ports: ports('a', 'b', 'c') });
      await applyWidget(world, 'two', { ports: [{ name: 'd' }] });
      const left = await applyWidget(world, 'one', { ports: [{ name: 'c' }, { name: 'a' }] });
      expect(left.spec?.ports?.map(({ name }) => name)).toEqual(['c', 'd', 'a']);
    },
  },
  {
    name: 'a field of an item that is no longer applied goes, the item stays with its other owner',
    run: async (world) => {
      await applyWidget(world, 'one', { ports: [{ name: 'a', port: 80 }] });
      await applyWidget(world, 'two', { ports: [{ name: 'a', label: 'x' }] });
      expect((await applyWidget(world, 'one', {})).spec?.ports).toEqual([{ name: 'a', protocol: 'TCP', label: 'x' }]);
    },
  },
  {
    name: 'a conflict within an item names its keys',
    run: async (world) => {
      await applyWidget(world, 'one', { ports: [{ name: 'a', port: 80 }] });
      const { message } = await refusal(applyWidget(world, 'two', { ports: [{ name: 'a', port: 81 }] }));
      expect(message).toBe(
        'Apply failed with 1 conflict: conflict with "one": .spec.ports[name="a",protocol="TCP"].port',
      );
    },
  },
  {
    name: 'a set is the union of what its owners apply',
    run: async (world) => {
      await applyWidget(world, 'one', { tags: ['a', 'b'] });
      const both = await applyWidget(world, 'two', { tags: ['c', 'b'] });
      expect(both.spec?.tags).toEqual(['a', 'c', 'b']);
      expect((await applyWidget(world, 'one', { tags: ['a'] })).spec?.tags).toEqual(['a', 'c', 'b']);
      expect((await applyWidget(world, 'two', { tags: ['c'] })).spec?.tags).toEqual(['a', 'c']);
    },
  },
  {
    name: 'an atomic list has one owner',
    run: async (world) => {
      await applyWidget(world, 'one', { steps: ['a', 'b'] });
      const { message } = await refusal(applyWidget(world, 'two', { steps: ['a', 'c'] }));
      expect(message).toBe('Apply failed with 1 conflict: conflict with "one": .spec.steps');
      expect((await applyWidget(world, 'two', { steps: ['c'] }, {}, true)).spec?.steps).toEqual(['c']);
    },
  },
  {
    name: 'entries of a map are owned one by one',
    run: async (world) => {
      await applyWidget(world, 'one', { limits: { a: '1', b: '1' } });
      await applyWidget(world, 'two', { limits: { c: '1' } });
      expect((await applyWidget(world, 'one', { limits: { a: '1' } })).spec?.limits).toEqual({ a: '1', c: '1' });
    },
  },
  {
    name: 'the last entry takes its field with it',
    run: async (world) => {
      await applyWidget(world, 'one', { limits: { a: '1' }, ports: ports('a'), tags: ['a'], target: { host: 'h' } });
      expect((await applyWidget(world, 'one', { size: 5 })).spec).toEqual({ size: 5 });
    },
  },
  {
    name: 'a default has no owner, so setting it is no conflict',
    run: async (world) => {
      const made = await applyWidget(world, 'one', { target: { host: 'h' } });
      expect(made.spec).toEqual({ size: 3, target: { host: 'h', path: '/' } });
      expect((await applyWidget(world, 'two', { size: 9 })).spec?.size).toBe(9);
    },
  },
  {
    name: 'a field with a default that is no longer applied falls back to it',
    run: async (world) => {
      await applyWidget(world, 'one', { size: 9, mode: 'fast' });
      expect((await applyWidget(world, 'one', { mode: 'fast' })).spec).toEqual({ size: 3, mode: 'fast' });
    },
  },
  {
    name: 'the object and its status have owners of their own',
    run: async (world) => {
      await applyWidget(world, 'one', { size: 4 });
      const done = await applyStatus(world, 'one', { phase: 'ready' });
      expect([done.spec, done.status]).toEqual([{ size: 4 }, { phase: 'ready' }]);
      const again = await applyWidget(world, 'one', { size: 5 });
      expect([again.spec, again.status]).toEqual([{ size: 5 }, { phase: 'ready' }]);
      const { message } = await refusal(applyStatus(world, 'two', { phase: 'lost' }));
      expect(message).toBe(
        'Apply failed with 1 conflict: conflict with "one" with subresource "status": .status.phase',
      );
    },
  },
  {
    name: 'conditions of a status are told apart by type',
    run: async (world) => {
      await applyWidget(world, 'one', {});
      await applyStatus(world, 'one', { conditions: [{ type: 'Ready', status: 'True' }] });
      const both = await applyStatus(world, 'two', { conditions: [{ type: 'Known', status: 'True' }] });
      expect(both.status?.conditions?.map(({ type }) => type)).toEqual(['Ready', 'Known']);
      const left = await applyStatus(world, 'one', {});
      expect(left.status?.conditions?.map(({ type }) => type)).toEqual(['Known']);
    },
  },
  {
    name: 'containers and variables of a Deployment merge by name',
    run: async ({ client, namespace }) => {
      const container = (env: object[], more: object = {}) => ({ name: 'a', env, ...more });
      const body = (containers: object[], more: object = {}) => ({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'd', namespace },
        spec: { ...more, template: { spec: { containers } } },
      });
      const labels = { app: 'd' };
      const base = body([container([{ name: 'X', value: '1' }], { image: 'a', ports: [{ containerPort: 80 }] })], {
        replicas: 0,
        selector: { matchLabels: labels },
      });
      const whole = { ...base, spec: { ...base.spec, template: { ...base.spec.template, metadata: { labels } } } };
      await client.apply(Deployment, whole, { fieldManager: 'one', force: false });
      const more = body([container([{ name: 'Y', value: '2' }]), { name: 'b', image: 'b' }]);
      const merged = await client.apply<Deployment>(Deployment, more, { fieldManager: 'two', force: false });
      const containers = merged.spec?.template.spec?.containers ?? [];
      expect(containers.map(({ name, image, env }) => ({ name, image, env }))).toEqual([
        {
          name: 'a',
          image: 'a',
          env: [
            { name: 'X', value: '1' },
            { name: 'Y', value: '2' },
          ],
        },
        { name: 'b', image: 'b', env: undefined },
      ]);
      expect(containers[0]?.ports).toMatchObject([{ containerPort: 80 }]);
      const { message } = await refusal(
        client.apply(Deployment, body([{ name: 'a', image: 'c' }]), { fieldManager: 'two', force: false }),
      );
      expect(message).toBe(
        'Apply failed with 1 conflict: conflict with "one": .spec.template.spec.containers[name="a"].image',
      );
    },
  },
];

export const preconditionCases: readonly Case[] = [
  {
    name: 'an apply with a version is a compare-and-swap, also when nothing would change',
    run: async (world) => {
      const { metadata } = await applyMap(world, 'one', { x: '1' });
      const { resourceVersion } = metadata;
      const second = await applyMap(world, 'one', { x: '2' }, { resourceVersion });
      expect(await refusal(applyMap(world, 'one', { x: '2' }, { resourceVersion }))).toMatchObject({ status: 409 });
      expect(second.data).toEqual({ x: '2' });
    },
  },
  {
    name: 'an apply with a version that no object has creates, and refuses what is there',
    run: async (world) => {
      await applyMap(world, 'one', { x: '1' }, { resourceVersion: '1' });
      const again = applyMap(world, 'one', { x: '1' }, { resourceVersion: '1' });
      expect(await refusal(again)).toMatchObject({ status: 409, reason: 'Conflict' });
    },
  },
  {
    name: 'an apply with a uid creates nothing',
    run: async (world) => {
      const call = applyMap(world, 'one', { x: '1' }, { uid: FAR_UID });
      expect(await refusal(call)).toMatchObject({ status: 409, reason: 'Conflict' });
    },
  },
  {
    name: 'an apply with the uid of another object is refused',
    run: async (world) => {
      await applyMap(world, 'one', { x: '1' });
      const call = applyMap(world, 'one', { x: '2' }, { uid: FAR_UID });
      expect((await refusal(call)).status).toBeGreaterThanOrEqual(409);
    },
  },
  {
    name: 'an apply says who applies',
    run: async ({ cluster, configMap, key }) => {
      const call = cluster.transport.request({
        method: 'PATCH',
        path: objectPath(ConfigMap, key('a')),
        body: configMap('a'),
        contentType: 'application/apply-patch+yaml',
        timeoutMs: 9_000,
      });
      expect((await refusal(call)).status).toBeGreaterThanOrEqual(400);
    },
  },
  {
    name: 'a status cannot be applied to what is not there',
    run: async (world) => {
      expect(await refusal(applyStatus(world, 'one', { phase: 'ready' }))).toMatchObject({ status: 404 });
    },
  },
  {
    name: 'an apply drops the last finalizer of what is going',
    run: async (world) => {
      const { client, key } = world;
      const made = await applyWidget(world, 'one', {}, { finalizers: ['example.org/a'] });
      await client.delete(Widget, key('a'), { preconditions: { uid: made.metadata.uid ?? '' } });
      await applyWidget(world, 'one', {});
      expect(await client.get(Widget, key('a'))).toBeUndefined();
    },
  },
];

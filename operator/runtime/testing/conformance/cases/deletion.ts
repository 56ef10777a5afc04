import { expect } from 'vitest';
import { ConfigMap, controllerReference, type KubeObject, Namespace, Pod } from '../../../kube/index.ts';
import { objectPath } from '../../../kube/paths.ts';
import { Widget } from '../widget.ts';
import { type Case, createPod, refusal, type World } from '../world.ts';

const FAR_UID = '11111111-2222-4333-8444-555555555555';
const HELD = { finalizers: ['example.org/hold'] };

const uidOf = ({ metadata }: KubeObject): string => metadata.uid ?? '';
const preconditions = (object: KubeObject) => ({ preconditions: { uid: uidOf(object) } });

async function createHeld({ client, widget, key }: World): Promise<Widget> {
  const made = await client.create(Widget, widget('a', {}, HELD));
  await client.delete(Widget, key('a'), preconditions(made));
  return (await client.get(Widget, key('a'))) ?? made;
}

/** A widget and a ConfigMap that it owns. */
async function createFamily({ client, widget, configMap }: World, finalizers: string[] = []) {
  const owner = await client.create(Widget, widget('owner'));
  const ownerReferences = [controllerReference(owner)];
  const child = await client.create(ConfigMap, configMap('child', {}, { ownerReferences, finalizers }));
  return { owner, child };
}

const isGone = (world: World, name: string, resource: typeof Widget | typeof ConfigMap | typeof Pod) =>
  world.eventually(
    () => world.client.get<KubeObject>(resource, world.key(name)),
    (found) => found === undefined,
  );

export const deletionCases: readonly Case[] = [
  {
    name: 'a deleted object is gone, and a second delete finds nothing',
    run: async ({ client, configMap, key }) => {
      const made = await client.create(ConfigMap, configMap('a'));
      expect(await client.delete(ConfigMap, key('a'), preconditions(made))).toBe(true);
      expect(await client.get(ConfigMap, key('a'))).toBeUndefined();
      expect(await client.delete(ConfigMap, key('a'), preconditions(made))).toBe(false);
    },
  },
  {
    name: 'a delete of another uid or version than there is conflicts',
    run: async ({ client, configMap, key }) => {
      const made = await client.create(ConfigMap, configMap('a'));
      const far = client.delete(ConfigMap, key('a'), { preconditions: { uid: FAR_UID } });
      expect(await refusal(far)).toMatchObject({ status: 409, reason: 'Conflict' });
      await client.mergePatch(ConfigMap, key('a'), { data: { x: '1' } });
      const { resourceVersion = '' } = made.metadata;
      const late = client.delete(ConfigMap, key('a'), { preconditions: { uid: uidOf(made), resourceVersion } });
      expect(await refusal(late)).toMatchObject({ status: 409, reason: 'Conflict' });
    },
  },
  {
    name: 'a name that is used again has another uid',
    run: async ({ client, configMap, key }) => {
      const first = await client.create(ConfigMap, configMap('a'));
      await client.delete(ConfigMap, key('a'), preconditions(first));
      expect(uidOf(await client.create(ConfigMap, configMap('a')))).not.toBe(uidOf(first));
    },
  },
  {
    name: 'a finalizer holds an object, which is marked and counts a generation',
    run: async (world) => {
      const held = await createHeld(world);
      expect(held.metadata).toMatchObject({ deletionGracePeriodSeconds: 0, generation: 2, ...HELD });
      expect(held.metadata.deletionTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    },
  },
  {
    name: 'the last finalizer takes the object with it',
    run: async (world) => {
      await createHeld(world);
      const { client, key } = world;
      const last = await client.mergePatch(Widget, key('a'), { metadata: { finalizers: [] } });
      expect(last.metadata.finalizers).toBeUndefined();
      expect(await client.get(Widget, key('a'))).toBeUndefined();
    },
  },
  {
    name: 'the end by the last finalizer is one event: deleted',
    run: async (world) => {
      const held = await createHeld(world);
      const watching = world.watch(Widget, { resourceVersion: held.metadata.resourceVersion });
      await world.client.mergePatch(Widget, world.key('a'), { metadata: { finalizers: null }, spec: { size: 77 } });
      await world.client.create(Widget, world.widget('b'));
      const seen = await world.eventually(
        () => watching.seen,
        ({ length }) => length >= 2,
      );
      expect(seen.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual(['DELETED a', 'ADDED b']);
      expect(Number(seen[0]?.object.metadata.resourceVersion)).toBeGreaterThan(Number(held.metadata.resourceVersion));
      await watching.stop();
    },
  },
  {
    name: 'one of two finalizers does not end it',
    run: async (world) => {
      const { client, widget, key } = world;
      const finalizers = ['example.org/one', 'example.org/two'];
      const made = await client.create(Widget, widget('a', {}, { finalizers }));
      await client.delete(Widget, key('a'), preconditions(made));
      await client.mergePatch(Widget, key('a'), { metadata: { finalizers: ['example.org/two'] } });
      expect((await client.get(Widget, key('a')))?.metadata.finalizers).toEqual(['example.org/two']);
    },
  },
  {
    name: 'what is going takes no new finalizers',
    run: async (world) => {
      const held = await createHeld(world);
      const finalizers = [...(held.metadata.finalizers ?? []), 'example.org/late'];
      const call = world.client.mergePatch(Widget, world.key('a'), { metadata: { finalizers } });
      expect(await refusal(call)).toMatchObject({ status: 422, reason: 'Invalid' });
    },
  },
  {
    name: 'what is going can be changed but not saved',
    run: async (world) => {
      const held = await createHeld(world);
      const { deletionTimestamp: _, ...metadata } = held.metadata;
      const changed = await world.client.replace(Widget, { ...held, metadata, spec: { size: 9 } });
      expect(changed.metadata.deletionTimestamp).toBe(held.metadata.deletionTimestamp);
      expect(changed.spec?.size).toBe(9);
    },
  },
  {
    name: 'a second delete of what is held changes nothing',
    run: async (world) => {
      const held = await createHeld(world);
      await world.client.delete(Widget, world.key('a'), preconditions(held));
      expect((await world.client.get(Widget, world.key('a')))?.metadata).toEqual(held.metadata);
    },
  },
  {
    name: 'a pod on no node is gone at once',
    run: async (world) => {
      const pod = await createPod(world, 'a', {});
      await world.client.delete(Pod, world.key('a'), preconditions(pod));
      expect(await world.client.get(Pod, world.key('a'))).toBeUndefined();
    },
  },
  {
    name: 'a pod on a node waits for its kubelet, which deletes it without grace',
    run: async (world) => {
      const { client, key } = world;
      const pod = await createPod(world, 'a', { nodeName: 'nowhere' });
      await client.delete(Pod, key('a'), preconditions(pod));
      const going = await client.get(Pod, key('a'));
      expect(going?.metadata.deletionGracePeriodSeconds).toBe(30);
      const { creationTimestamp = '', deletionTimestamp = '' } = going?.metadata ?? {};
      const waitMs = Date.parse(deletionTimestamp) - Date.parse(creationTimestamp);
      expect(waitMs).toBeGreaterThanOrEqual(30_000);
      await client.delete(Pod, key('a'), { ...preconditions(pod), gracePeriodSeconds: 0 });
      expect(await client.get(Pod, key('a'))).toBeUndefined();
    },
  },
  {
    name: 'a second delete shortens the grace of a pod and never lengthens it',
    run: async (world) => {
      const { client, key } = world;
      const pod = await createPod(world, 'a', { nodeName: 'nowhere', terminationGracePeriodSeconds: 40 });
      const grace = async (gracePeriodSeconds?: number) => {
        await client.delete(Pod, key('a'), {
          ...preconditions(pod),
          ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
        });
        return (await client.get(Pod, key('a')))?.metadata.deletionGracePeriodSeconds;
      };
      expect(await grace()).toBe(40);
      expect(await grace(10)).toBe(10);
      expect(await grace(20)).toBe(10);
      expect(await grace()).toBe(10);
    },
  },
  {
    name: 'in the background the children follow their owner',
    run: async (world) => {
      const { owner } = await createFamily(world);
      await world.client.delete(Widget, world.key('owner'), preconditions(owner));
      expect(await world.client.get(Widget, world.key('owner'))).toBeUndefined();
      await isGone(world, 'child', ConfigMap);
    },
  },
  {
    name: 'in the foreground the owner goes last',
    run: async (world) => {
      const { owner } = await createFamily(world, ['example.org/hold']);
      const { client, key } = world;
      await client.delete(Widget, key('owner'), { ...preconditions(owner), propagationPolicy: 'Foreground' });
      const waiting = await client.get(Widget, key('owner'));
      expect(waiting?.metadata.finalizers).toEqual(['foregroundDeletion']);
      await world.eventually(
        () => client.get(ConfigMap, key('child')),
        (child) => child?.metadata.deletionTimestamp !== undefined,
      );
      expect(await client.get(Widget, key('owner'))).toBeDefined();
      await client.mergePatch(ConfigMap, key('child'), { metadata: { finalizers: null } });
      await isGone(world, 'owner', Widget);
      expect(await client.get(ConfigMap, key('child'))).toBeUndefined();
    },
  },
  {
    name: 'an orphan stays and knows no owner',
    run: async (world) => {
      const { owner, child } = await createFamily(world);
      const { client, key } = world;
      await client.delete(Widget, key('owner'), { ...preconditions(owner), propagationPolicy: 'Orphan' });
      await isGone(world, 'owner', Widget);
      const left = await client.get(ConfigMap, key('child'));
      expect([left?.metadata.uid, left?.metadata.ownerReferences]).toEqual([uidOf(child), undefined]);
    },
  },
  {
    name: 'a child of two owners stays with the other',
    run: async (world) => {
      const { client, widget, configMap, key } = world;
      const [one, two] = [await client.create(Widget, widget('one')), await client.create(Widget, widget('two'))];
      const references = [one, two].map((owner) => ({ ...controllerReference(owner), controller: false }));
      await client.create(ConfigMap, configMap('child', {}, { ownerReferences: references }));
      await client.delete(Widget, key('one'), preconditions(one));
      const child = await world.eventually(
        () => client.get(ConfigMap, key('child')),
        (found) => found?.metadata.ownerReferences?.length !== 2,
      );
      expect(child?.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([uidOf(two)]);
    },
  },
  {
    name: 'a child whose owner was never there is collected',
    run: async (world) => {
      const owner = { ...world.widget('ghost'), metadata: { name: 'ghost', uid: FAR_UID } };
      const ownerReferences = [controllerReference(owner)];
      await world.client.create(ConfigMap, world.configMap('child', {}, { ownerReferences }));
      await isGone(world, 'child', ConfigMap);
    },
  },
  {
    name: 'a child whose owner has the name but another uid is collected',
    run: async (world) => {
      await world.client.create(Widget, world.widget('owner'));
      const before = { ...world.widget('owner'), metadata: { name: 'owner', uid: FAR_UID } };
      const ownerReferences = [controllerReference(before)];
      await world.client.create(ConfigMap, world.configMap('child', {}, { ownerReferences }));
      await isGone(world, 'child', ConfigMap);
      expect(await world.client.get(Widget, world.key('owner'))).toBeDefined();
    },
  },
  {
    name: 'grandchildren follow',
    run: async (world) => {
      const { client, configMap, key } = world;
      const { owner, child } = await createFamily(world);
      const ownerReferences = [controllerReference(child)];
      await client.create(ConfigMap, configMap('grandchild', {}, { ownerReferences }));
      await client.delete(Widget, key('owner'), preconditions(owner));
      await isGone(world, 'grandchild', ConfigMap);
    },
  },
  {
    name: 'a deleted namespace takes no new objects, empties and goes',
    run: async (world) => {
      const { client, namespace, key } = world;
      await createHeld(world);
      await client.create(ConfigMap, world.configMap('b'));
      await client.raw('DELETE', objectPath(Namespace, { namespace: '', name: namespace }));
      const call = client.create(ConfigMap, world.configMap('late'));
      expect(await refusal(call)).toMatchObject({ status: 403, reason: 'Forbidden' });
      await isGone(world, 'b', ConfigMap);
      const home = () => client.get(Namespace, { namespace: '', name: namespace });
      expect((await home())?.status?.phase).toBe('Terminating');
      await client.mergePatch(Widget, key('a'), { metadata: { finalizers: null } });
      await world.eventually(home, (found) => found === undefined);
    },
  },
];

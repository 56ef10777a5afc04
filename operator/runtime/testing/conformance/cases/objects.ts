import { expect } from 'vitest';
import { ConfigMap, type KubeObject, Lease, Namespace } from '../../../kube/index.ts';
import { collectionPath, objectPath } from '../../../kube/paths.ts';
import { Widget } from '../widget.ts';
import { type Case, refusal } from '../world.ts';

const FAR_UID = '11111111-2222-4333-8444-555555555555';

export const objectCases: readonly Case[] = [
  {
    name: 'what does not exist is undefined',
    run: async ({ client, key }) => {
      expect(await client.get(ConfigMap, key('nothing'))).toBeUndefined();
    },
  },
  {
    name: 'a created object has a uid, a version and a time, and a built-in one without a spec has no generation',
    run: async ({ client, configMap, key }) => {
      const { metadata } = await client.create(ConfigMap, configMap('a', { x: '1' }));
      expect(metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
      expect(metadata.resourceVersion).toMatch(/^[1-9][0-9]*$/);
      expect(metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(metadata.generation).toBeUndefined();
      expect((await client.get(ConfigMap, key('a')))?.metadata.uid).toBe(metadata.uid);
    },
  },
  {
    name: 'a custom resource starts at generation 1',
    run: async ({ client, widget }) => {
      expect((await client.create(Widget, widget('a'))).metadata.generation).toBe(1);
    },
  },
  {
    name: 'a second create of a name is refused as AlreadyExists',
    run: async ({ client, configMap }) => {
      await client.create(ConfigMap, configMap('a'));
      const refused = await refusal(client.create(ConfigMap, configMap('a')));
      expect(refused).toEqual({ status: 409, reason: 'AlreadyExists', message: 'configmaps "a" already exists' });
    },
  },
  {
    name: 'AlreadyExists of a custom resource names its group',
    run: async ({ client, widget }) => {
      await client.create(Widget, widget('a'));
      const { message } = await refusal(client.create(Widget, widget('a')));
      expect(message).toBe('widgets.conformance.example.org "a" already exists');
    },
  },
  {
    name: 'nothing is created in a namespace that does not exist',
    run: async ({ client, configMap }) => {
      const refused = await refusal(client.create(ConfigMap, configMap('a', {}, { namespace: 'no-such-namespace' })));
      expect(refused).toEqual({ status: 404, reason: 'NotFound', message: 'namespaces "no-such-namespace" not found' });
    },
  },
  {
    name: 'a create states no version',
    run: async ({ client, configMap }) => {
      const call = client.create(ConfigMap, configMap('a', {}, { resourceVersion: '7' }));
      expect(await refusal(call)).toEqual({
        status: 500,
        reason: 'Unknown',
        message: 'resourceVersion should not be set on objects to be created',
      });
    },
  },
  {
    name: 'what the server alone writes is not taken from a create',
    run: async ({ client, widget }) => {
      const given = {
        uid: FAR_UID,
        generation: 9,
        creationTimestamp: '2001-01-01T00:00:00Z',
        deletionTimestamp: '2001-01-01T00:00:00Z',
      };
      const { metadata } = await client.create(Widget, widget('a', {}, given));
      expect(metadata.uid).not.toBe(FAR_UID);
      expect(metadata.generation).toBe(1);
      expect(metadata.creationTimestamp).not.toBe(given.creationTimestamp);
      expect(metadata.deletionTimestamp).toBeUndefined();
    },
  },
  {
    name: 'generateName gives a name with five characters more',
    run: async ({ client, namespace }) => {
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'made-' } };
      const made = (await client.raw('POST', collectionPath(ConfigMap, namespace), body)) as KubeObject;
      expect(made.metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
    },
  },
  ...(['Upper', 'end-', '-start', 'a..b', 'with_underscore', 'x'.repeat(254)].map((name) => ({
    name: `${name.slice(0, 20)} is no name of an object`,
    run: async ({ client, configMap, widget }) => {
      expect(await refusal(client.create(ConfigMap, configMap(name)))).toMatchObject({
        status: 422,
        reason: 'Invalid',
      });
      expect(await refusal(client.create(Widget, widget(name)))).toMatchObject({ status: 422, reason: 'Invalid' });
    },
  })) satisfies Case[]),
  {
    name: 'names of objects may hold dots, those of namespaces may not',
    run: async ({ client, configMap }) => {
      await client.create(ConfigMap, configMap('a.b'));
      const dotted = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a.b' } };
      expect(await refusal(client.create(Namespace, dotted))).toMatchObject({ status: 422 });
    },
  },
  {
    name: 'an object has a name',
    run: async ({ client, configMap }) => {
      expect(await refusal(client.create(ConfigMap, configMap('')))).toMatchObject({ status: 422, reason: 'Invalid' });
    },
  },
  {
    name: 'a body of another kind or namespace than its path is refused',
    run: async ({ client, configMap, namespace }) => {
      const path = collectionPath(ConfigMap, namespace);
      const secret = { ...configMap('a'), kind: 'Secret' };
      expect(await refusal(client.raw('POST', path, secret))).toMatchObject({ status: 400 });
      const elsewhere = configMap('a', {}, { namespace: 'default' });
      expect(await refusal(client.raw('POST', path, elsewhere))).toMatchObject({ status: 400 });
    },
  },
  {
    name: 'a replace makes a new version and takes all fields',
    run: async ({ client, configMap }) => {
      const first = await client.create(ConfigMap, configMap('a', { x: '1', y: '1' }));
      const second = await client.replace(ConfigMap, { ...first, data: { x: '2' } });
      expect(second.data).toEqual({ x: '2' });
      expect(Number(second.metadata.resourceVersion)).toBeGreaterThan(Number(first.metadata.resourceVersion));
    },
  },
  {
    name: 'a replace of a version that is not the newest conflicts',
    run: async ({ client, configMap }) => {
      const first = await client.create(ConfigMap, configMap('a'));
      await client.replace(ConfigMap, { ...first, data: { x: '2' } });
      const refused = await refusal(client.replace(ConfigMap, { ...first, data: { x: '3' } }));
      expect(refused).toEqual({
        status: 409,
        reason: 'Conflict',
        message:
          'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
      });
    },
  },
  {
    name: 'a ConfigMap may be replaced without a version, a custom resource may not',
    run: async ({ client, configMap, widget, key }) => {
      await client.create(ConfigMap, configMap('a'));
      await client.raw('PUT', objectPath(ConfigMap, key('a')), configMap('a', { x: '1' }));
      await client.create(Widget, widget('a'));
      expect(await refusal(client.raw('PUT', objectPath(Widget, key('a')), widget('a')))).toMatchObject({
        status: 422,
      });
    },
  },
  {
    name: 'what does not exist cannot be replaced or patched',
    run: async ({ client, configMap, key }) => {
      const body = configMap('a', {}, { resourceVersion: '1' });
      expect(await refusal(client.replace(ConfigMap, body))).toMatchObject({ status: 404, reason: 'NotFound' });
      expect(await refusal(client.mergePatch(ConfigMap, key('a'), {}))).toMatchObject({ status: 404 });
    },
  },
  {
    name: 'a replace with the uid of another object conflicts',
    run: async ({ client, configMap }) => {
      const first = await client.create(ConfigMap, configMap('a'));
      const metadata = { ...first.metadata, uid: FAR_UID };
      expect(await refusal(client.replace(ConfigMap, { ...first, metadata }))).toMatchObject({ status: 409 });
    },
  },
  {
    name: 'an update cannot move the time of creation',
    run: async ({ client, widget }) => {
      const first = await client.create(Widget, widget('a'));
      const metadata = { ...first.metadata, creationTimestamp: '2001-01-01T00:00:00Z' };
      const second = await client.replace(Widget, { ...first, metadata, spec: { size: 5 } });
      expect(second.metadata.creationTimestamp).toBe(first.metadata.creationTimestamp);
    },
  },
  {
    name: 'a replace that changes nothing makes no version',
    run: async ({ client, configMap, widget }) => {
      const first = await client.create(ConfigMap, configMap('a', { x: '1' }));
      expect((await client.replace(ConfigMap, first)).metadata).toEqual(first.metadata);
      const custom = await client.create(Widget, widget('a'));
      expect((await client.replace(Widget, custom)).metadata).toEqual(custom.metadata);
    },
  },
  {
    name: 'the name in a body is that of the path',
    run: async ({ client, configMap, key }) => {
      await client.create(ConfigMap, configMap('a'));
      const call = client.raw('PUT', objectPath(ConfigMap, key('a')), configMap('b'));
      expect(await refusal(call)).toMatchObject({ status: 400 });
    },
  },
  {
    name: 'a merge patch sets, keeps and removes',
    run: async ({ client, configMap, key }) => {
      await client.create(ConfigMap, configMap('a', { x: '1', y: '1', z: '1' }));
      const patched = await client.mergePatch(ConfigMap, key('a'), { data: { x: '2', y: null } });
      expect(patched.data).toEqual({ x: '2', z: '1' });
    },
  },
  {
    name: 'a merge patch with a version is a compare-and-swap',
    run: async ({ client, configMap, key }) => {
      const { metadata } = await client.create(ConfigMap, configMap('a'));
      const { resourceVersion } = metadata;
      await client.mergePatch(ConfigMap, key('a'), { metadata: { resourceVersion }, data: { x: '1' } });
      const late = client.mergePatch(ConfigMap, key('a'), { metadata: { resourceVersion }, data: { x: '2' } });
      expect(await refusal(late)).toMatchObject({ status: 409, reason: 'Conflict' });
    },
  },
  {
    name: 'a merge patch with the uid of another object is refused',
    run: async ({ client, configMap, widget, key }) => {
      await client.create(ConfigMap, configMap('a'));
      await client.create(Widget, widget('a'));
      const patch = { metadata: { uid: FAR_UID, labels: { x: '1' } } };
      expect(await refusal(client.mergePatch(ConfigMap, key('a'), patch))).toMatchObject({ status: 422 });
      expect(await refusal(client.mergePatch(Widget, key('a'), patch))).toMatchObject({ status: 422 });
    },
  },
  {
    name: 'a merge patch that changes nothing makes no version',
    run: async ({ client, widget, key }) => {
      const { metadata } = await client.create(Widget, widget('a', { size: 4 }));
      const patched = await client.mergePatch(Widget, key('a'), { spec: { size: 4, note: null } });
      expect(patched.metadata).toEqual(metadata);
    },
  },
  {
    name: 'an empty map of labels is no map',
    run: async ({ client, widget, key }) => {
      await client.create(Widget, widget('a', {}, { labels: { x: '1' } }));
      const patched = await client.mergePatch(Widget, key('a'), { metadata: { labels: { x: null } } });
      expect(patched.metadata.labels).toBeUndefined();
    },
  },
  {
    name: 'versions are one sequence over all resources',
    run: async ({ client, configMap, widget }) => {
      const first = await client.create(ConfigMap, configMap('a'));
      const second = await client.create(Widget, widget('a'));
      const third = await client.create(ConfigMap, configMap('b'));
      const versions = [first, second, third].map(({ metadata }) => Number(metadata.resourceVersion));
      expect(versions).toEqual([...versions].sort((a, b) => a - b));
      expect(new Set(versions).size).toBe(3);
    },
  },
  {
    name: 'a path that nobody serves is not found, a method that a path does not have is not allowed',
    run: async ({ client, configMap, key }) => {
      const unknown = client.raw('GET', '/apis/nobody.example.org/v1/things');
      expect(await refusal(unknown)).toMatchObject({ status: 404 });
      const call = client.raw('POST', objectPath(ConfigMap, key('a')), configMap('a'));
      expect(await refusal(call)).toMatchObject({ status: 405, reason: 'MethodNotAllowed' });
    },
  },
  {
    name: 'of two that take a Lease of one version one wins',
    run: async ({ client, namespace }) => {
      const lease: Lease = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'a', namespace },
        spec: { holderIdentity: 'first', leaseDurationSeconds: 15 },
      };
      const made = await client.create(Lease, lease);
      const take = (holderIdentity: string) =>
        client.replace(Lease, { ...made, spec: { ...made.spec, holderIdentity } });
      const outcomes = await Promise.allSettled([take('second'), take('third')]);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    },
  },
];

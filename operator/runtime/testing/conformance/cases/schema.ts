import { expect } from 'vitest';
import { collectionPath } from '../../../kube/paths.ts';
import { Widget } from '../widget.ts';
import { type Case, refusal } from '../world.ts';

const refusedSpecs: readonly (readonly [string, object])[] = [
  ['a number below its minimum', { size: 0 }],
  ['a number above its maximum', { size: 101 }],
  ['a value that is not in the list', { mode: 'slow' }],
  ['a text that is too long', { note: 'a'.repeat(21) }],
  ['a text that does not match', { note: 'Shout' }],
  ['a value of another type', { size: 'big' }],
  ['a fraction where a whole number is wanted', { size: 1.5 }],
  ['a list that is too long', { ports: Array.from({ length: 9 }, (_, index) => ({ name: `p${index}` })) }],
  ['an item without its required field', { ports: [{ port: 1 }] }],
];

export const schemaCases: readonly Case[] = [
  {
    name: 'defaults are set where nothing is given, also within',
    run: async ({ client, widget }) => {
      const made = await client.create(Widget, widget('a', { target: { host: 'h' }, ports: [{ name: 'a' }] }));
      expect(made.spec).toEqual({
        size: 3,
        target: { host: 'h', path: '/' },
        ports: [{ name: 'a', protocol: 'TCP' }],
      });
    },
  },
  {
    name: 'no default is set in an object that is not there',
    run: async ({ client, namespace }) => {
      const body = { apiVersion: 'conformance.example.org/v1', kind: 'Widget', metadata: { name: 'a' } };
      const made = (await client.raw('POST', collectionPath(Widget, namespace), body)) as Widget;
      expect(made.spec).toBeUndefined();
    },
  },
  {
    name: 'unknown fields are dropped, but kept where the schema keeps them',
    run: async ({ client, widget }) => {
      const spec = { size: 4, nobody: 1, target: { host: 'h', port: 1 }, free: { any: { thing: [1] } } };
      const made = await client.create(Widget, widget('a', spec as Widget['spec']));
      expect(made.spec).toEqual({ size: 4, target: { host: 'h', path: '/' }, free: { any: { thing: [1] } } });
    },
  },
  {
    name: 'null counts as nothing given',
    run: async ({ client, widget }) => {
      const spec = { size: null, note: null } as unknown as Widget['spec'];
      expect((await client.create(Widget, widget('a', spec))).spec).toEqual({ size: 3 });
    },
  },
  ...(refusedSpecs.map(([what, spec]) => ({
    name: `${what} is refused, at creation and later`,
    run: async ({ client, widget, key }) => {
      const body = widget('a', spec as Widget['spec']);
      expect(await refusal(client.create(Widget, body))).toMatchObject({ status: 422, reason: 'Invalid' });
      await client.create(Widget, widget('a'));
      expect(await refusal(client.mergePatch(Widget, key('a'), { spec }))).toMatchObject({ status: 422 });
    },
  })) satisfies Case[]),
  {
    name: 'a status is checked too',
    run: async ({ client, widget, key }) => {
      await client.create(Widget, widget('a'));
      const patch = { status: { replicas: 'many' } };
      const call = client.mergePatch(Widget, key('a'), patch, { subresource: 'status' });
      expect(await refusal(call)).toMatchObject({ status: 422, reason: 'Invalid' });
    },
  },
];

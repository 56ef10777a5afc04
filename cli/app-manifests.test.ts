import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { readManifests } from './app-manifests.ts';

const root = resolve(import.meta.dirname, '..');

test('both sample apps have a manifest; one asked for twice is deployed once', async () => {
  const manifests = await readManifests(root, ['node-app', 'go-app', 'node-app']);
  expect(manifests.map(({ name, object }) => [name, object.metadata.name])).toEqual([
    ['node-app', 'node-app'],
    ['go-app', 'go-app'],
  ]);
});

test('an unknown app is named, with the known ones', async () => {
  await expect(readManifests(root, ['go-app', 'shop'])).rejects.toThrow(
    'no such app: shop; there are go-app, node-app',
  );
});

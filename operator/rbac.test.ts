import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Resource } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { controllers } from './controllers.ts';

const file = join(resolve(import.meta.dirname, '..'), 'config/rbac/cluster-role.yaml');

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

const documents = parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as object);
const role = documents.find((one): one is { rules: Rule[] } => 'rules' in one);

/** The role as `group/resource verb`, one line for each permission. */
const granted = new Set(
  (role?.rules ?? []).flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((name) => verbs.map((verb) => `${group}/${name} ${verb}`))),
  ),
);

const all = controllers({
  catalog: { drain: 'drain:1', orderBook: { '1.0.0': 'book:1' }, sequenceCounter: { '1.0.0': 'counter:1' } },
});
const nameOf = ({ group, plural }: Resource): string => `${group}/${plural}`;
const primaries = new Set(all.map(({ primary }) => nameOf(primary)));
const sources = new Set(all.flatMap((one) => one.sources.map(({ resource }) => nameOf(resource))));

test('every source of a controller may be listed and watched, and read live', () => {
  const needed = [...sources].flatMap((name) => ['get', 'list', 'watch'].map((verb) => `${name} ${verb}`));
  expect(needed.filter((permission) => !granted.has(permission))).toEqual([]);
});

test('a primary may be patched (finalizer) and its status applied, and neither be created nor deleted', () => {
  for (const name of primaries) {
    const mine = [...granted].filter((permission) => permission.startsWith(name)).sort();
    expect(mine).toEqual(
      [
        `${name} get`,
        `${name} list`,
        `${name} patch`,
        `${name} watch`,
        `${name}/finalizers update`,
        `${name}/status patch`,
      ].sort(),
    );
  }
});

test('nothing else is granted, except events and a look at storage classes', () => {
  const strange = [...granted].filter((permission) => {
    const [name = ''] = permission.split(' ');
    return !sources.has(name) && !primaries.has(name.split('/').slice(0, 2).join('/'));
  });
  const known = ['events.k8s.io/events create', 'events.k8s.io/events patch', 'storage.k8s.io/storageclasses get'];
  expect(strange.sort()).toEqual(known);
});

test('no Secrets, no wildcard, no way to more rights', () => {
  const all = [...granted];
  expect(
    all.filter((permission) => /\*|\/secrets |\/exec|\/token|impersonate|escalate|bind /.test(permission)),
  ).toEqual([]);
});

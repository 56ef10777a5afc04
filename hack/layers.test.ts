import { globSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** The rooms of docs/architecture: what each may import, besides itself. Everything absent here may not be imported. */
const rooms: Record<string, readonly string[]> = {
  'operator/runtime': [],
  'operator/api': ['operator/runtime'],
  'operator/controllers/children': ['operator/runtime', 'operator/api'],
  'operator/controllers/app-deployment': ['operator/runtime', 'operator/api', 'operator/controllers/children'],
  'operator/controllers/sequence-counter': ['operator/runtime', 'operator/api', 'operator/controllers/children'],
  'operator/controllers/order-book': ['operator/runtime', 'operator/api', 'operator/controllers/children'],
  operator: [
    'operator/runtime',
    'operator/api',
    'operator/controllers/app-deployment',
    'operator/controllers/sequence-counter',
    'operator/controllers/order-book',
  ],
  'workloads/kit': ['operator/runtime'],
  'workloads/issuer': ['operator/runtime', 'workloads/kit'],
  'workloads/order-book': ['operator/runtime', 'workloads/kit'],
  'workloads/sequence-counter': ['operator/runtime', 'workloads/kit'],
  'workloads/node-app': [],
};

const packages: Record<string, string> = {
  '@sluice/runtime': 'operator/runtime',
  '@sluice/api': 'operator/api',
  '@sluice/operator': 'operator',
  '@sluice/kit': 'workloads/kit',
  '@sluice/order-book': 'workloads/order-book',
  '@sluice/sequence-counter': 'workloads/sequence-counter',
  '@sluice/issuer': 'workloads/issuer',
  '@sluice/node-app': 'workloads/node-app',
};

/** The longest room that holds the file; undefined for what is outside all rooms (hack, cli, test-e2e, bench). */
function roomOf(file: string): string | undefined {
  const holding = Object.keys(rooms).filter((room) => file.startsWith(`${room}/`));
  return holding.sort((a, b) => b.length - a.length)[0];
}

/** Rooms and outside folders that the text of `file` (a path from the root) imports. */
function importedRooms(file: string, text: string): string[] {
  const found: string[] = [];
  for (const [, specifier = ''] of text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
    if (specifier.startsWith('.')) {
      const target = relative(root, resolve(root, file, '..', specifier));
      found.push(roomOf(target) ?? target);
    } else {
      const [scope, name] = specifier.split('/');
      const room = packages[`${scope}/${name}`];
      if (room !== undefined) found.push(room);
    }
  }
  return found;
}

function violations(file: string, text: string): string[] {
  const room = roomOf(file);
  if (room === undefined) return [];
  const allowed = [room, ...(rooms[room] ?? [])];
  return importedRooms(file, text)
    .filter((imported) => !allowed.includes(imported))
    .map((imported) => `${file} imports ${imported}`);
}

const isTest = (file: string) => /\.test\.ts$|\/testing\//.test(file);

test('imports only point up: no room knows a room below or beside it', () => {
  const files = globSync('{operator,workloads}/**/*.ts', {
    cwd: root,
    exclude: (name) => name === 'node_modules' || name === 'dist',
  });
  expect(files.length).toBeGreaterThan(20);
  const found = files
    .filter((file) => !isTest(file))
    .flatMap((file) => violations(file, readFileSync(join(root, file), 'utf8')));
  expect(found).toEqual([]);
});

test('a controller that reaches into a workload, a sibling or upward would be found', () => {
  const file = 'operator/controllers/order-book/plan.ts';
  expect(violations(file, "import { x } from '../sequence-counter/plan.ts';")).toHaveLength(1);
  expect(violations(file, "import { x } from '@sluice/kit';")).toHaveLength(1);
  expect(violations(file, "import { x } from '../../main.ts';")).toHaveLength(1);
  expect(violations('operator/runtime/kube/client.ts', "import { x } from '@sluice/api';")).toHaveLength(1);
  expect(violations(file, "import { x } from '@sluice/api';\nimport { y } from './objects.ts';")).toEqual([]);
});

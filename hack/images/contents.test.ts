import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ContextFile, imageContents, inputsDigest, writeContents } from './contents.ts';
import { imageSources } from './sources.ts';

const execute = promisify(execFile);
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'images-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (name: string, content: string, mode: ContextFile['mode'] = 0o644): ContextFile => {
  return { name, mode, bytes: new TextEncoder().encode(content) };
};

test('the digest changes with the Dockerfile, an argument, a name, a mode and a byte, and with nothing else', () => {
  const digest = inputsDigest('FROM scratch', { VERSION: '1' }, [file('a', 'x')]);
  expect(digest).toMatch(/^[0-9a-f]{12}$/);
  expect(inputsDigest('FROM scratch', { VERSION: '1' }, [file('a', 'x')])).toBe(digest);
  const others = [
    inputsDigest('FROM other', { VERSION: '1' }, [file('a', 'x')]),
    inputsDigest('FROM scratch', { VERSION: '2' }, [file('a', 'x')]),
    inputsDigest('FROM scratch', { VERSION: '1' }, [file('b', 'x')]),
    inputsDigest('FROM scratch', { VERSION: '1' }, [file('a', 'x', 0o755)]),
    inputsDigest('FROM scratch', { VERSION: '1' }, [file('a', 'y')]),
    inputsDigest('FROM scratch', { VERSION: '1' }, [file('a', 'x'), file('b', '')]),
  ];
  expect(new Set([digest, ...others]).size).toBe(7);
});

test('a bundle runs alone: TypeScript, a worker thread from the same file, and a CommonJS dependency', async () => {
  writeFileSync(
    join(folder, 'main.ts'),
    `import { isMainThread, parentPort, Worker } from 'node:worker_threads';
     import old from './old.cjs';
     if (isMainThread) new Worker(new URL(import.meta.url)).on('message', (from: string) => console.log(from, old.separator));
     else parentPort?.postMessage('worker');`,
  );
  writeFileSync(join(folder, 'old.cjs'), "exports.separator = require('path').posix.sep;");
  const source = { kind: 'node', entry: 'main.ts', dockerfile: 'Dockerfile' } as const;
  const files = await imageContents(folder, 'small', source, folder);
  expect(files.map(({ name }) => name)).toEqual(['main.js', 'main.js.map', 'package.json']);
  const out = mkdtempSync(join(tmpdir(), 'images-out-'));
  await writeContents(out, files);
  const { stdout } = await execute(process.execPath, [join(out, 'main.js')]);
  rmSync(out, { recursive: true });
  expect(stdout).toBe('worker /\n');
});

test('a Go program that does not compile is named with what the compiler said', async () => {
  writeFileSync(join(folder, 'go.mod'), 'module example\n\ngo 1.26\n');
  writeFileSync(join(folder, 'main.go'), 'package main\n\nfunc main() { undefinedThing() }\n');
  const source = { kind: 'go', module: '.', program: '.', dockerfile: 'Dockerfile' } as const;
  await expect(imageContents(folder, 'broken', source, folder)).rejects.toThrow(
    /image broken does not build:[\s\S]*undefined: undefinedThing/,
  );
});

describe('the bundles of the order book', () => {
  let packages: Map<string, string[]>;

  beforeAll(async () => {
    const root = resolve(import.meta.dirname, '../..');
    const files = await imageContents(root, 'order-book', imageSources['order-book'], tmpdir());
    packages = new Map(files.filter(({ name }) => name.endsWith('.js.map')).map((map) => [map.name, packagesOf(map)]));
  });

  /** The packages whose code is in a bundle, by its source map. */
  function packagesOf({ bytes }: ContextFile): string[] {
    const { sources } = JSON.parse(new TextDecoder().decode(bytes)) as { sources: string[] };
    const names = sources.map((source) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1]);
    return [...new Set(names)].filter((name) => name !== undefined).sort();
  }

  test.each(['journal-thread', 'reader-thread', 'snapshot-thread'])('%s has nothing but our own code', (thread) => {
    expect(packages.get(`${thread}.js.map`)).toEqual([]);
  });

  test('the clients of the brokers are in the thread of the publisher, and nothing of the service with them', () => {
    const clients = ['@nats-io/jetstream', '@redis/client'];
    expect(packages.get('publisher-thread.js.map')).toEqual(expect.arrayContaining(clients));
    expect(packages.get('publisher-thread.js.map')).not.toContain('fastify');
    expect(packages.get('main.js.map')).toContain('fastify');
    for (const client of clients) expect(packages.get('main.js.map')).not.toContain(client);
  });
});

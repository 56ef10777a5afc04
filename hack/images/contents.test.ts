import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ContextFile, imageContents, inputsDigest, writeContents } from './contents.ts';

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

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../operator/runtime/clock.ts';
import { canHave } from './published-images.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'docker-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** An environment whose docker client behaves as written for `docker image` and `docker pull`. */
function withDocker(image: string, pull: string): NodeJS.ProcessEnv {
  const program = join(folder, 'docker');
  writeFileSync(program, `#!/bin/sh\ncase "$1" in image) ${image};; pull) ${pull};; esac\n`);
  chmodSync(program, 0o755);
  return { ...process.env, PATH: `${folder}:${process.env.PATH}` };
}

/** A clock on which every limit is over at once. */
const impatient: Clock = { ...systemClock, setTimer: (_, fn) => systemClock.setTimer(0, fn) };

test('an image that the engine has need not be pulled', async () => {
  expect(await canHave(systemClock, 'a:1', withDocker('echo sha256:1', 'exit 1'))).toBe(true);
});

test('a registry that begins to send the image is enough; the download is left to its step', async () => {
  expect(await canHave(systemClock, 'a:1', withDocker('exit 1', 'echo 1: Pulling from a; exec sleep 60'))).toBe(true);
});

test('a registry that refuses means no', async () => {
  expect(await canHave(systemClock, 'a:1', withDocker('exit 1', 'echo no such host >&2; exit 1'))).toBe(false);
});

test('a registry that says nothing means no, after the limit', async () => {
  expect(await canHave(impatient, 'a:1', withDocker('exit 1', 'exec sleep 60'))).toBe(false);
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { inClusterCredentials } from './credentials.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-credentials-'));
  await writeFile(join(folder, 'ca.crt'), 'authority');
  await writeFile(join(folder, 'token'), 'first\n');
});
afterEach(() => rm(folder, { recursive: true }));

const env = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '6443' };

test('a token that was replaced on disk is used within ten seconds, at once after a refusal', async () => {
  const clock = new VirtualClock();
  const credentials = inClusterCredentials(env, folder, clock);
  expect(await credentials.authorization()).toBe('Bearer first');
  await writeFile(join(folder, 'token'), 'second');
  expect(await credentials.authorization()).toBe('Bearer first');
  await clock.advance(10_000);
  expect(await credentials.authorization()).toBe('Bearer second');
  await writeFile(join(folder, 'token'), 'third');
  credentials.renew?.();
  expect(await credentials.authorization()).toBe('Bearer third');
});

test('while the token cannot be read the last one counts; without any there is an error', async () => {
  const clock = new VirtualClock();
  const credentials = inClusterCredentials(env, folder, clock);
  await credentials.authorization();
  await rm(join(folder, 'token'));
  await clock.advance(10_000);
  expect(await credentials.authorization()).toBe('Bearer first');
  await writeFile(join(folder, 'token'), 'second');
  await clock.advance(10_000);
  expect(await credentials.authorization()).toBe('Bearer second');
  await rm(join(folder, 'token'));
  const other = inClusterCredentials(env, folder, clock);
  await expect(other.authorization()).rejects.toThrow('ENOENT');
  await writeFile(join(folder, 'token'), 'there');
  await clock.advance(10_000);
  expect(await other.authorization()).toBe('Bearer there');
});

test('an authority that was replaced on disk is trusted from the next connection on', async () => {
  const credentials = inClusterCredentials(env, folder);
  expect(String((await credentials.tls()).ca)).toBe('authority');
  await writeFile(join(folder, 'ca.crt'), 'new authority');
  expect(String((await credentials.tls()).ca)).toBe('new authority');
});

test('the server is the one of the pod, IPv6 in brackets', () => {
  expect(inClusterCredentials(env, folder).server).toBe('https://10.96.0.1:6443');
  const six = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
  expect(inClusterCredentials(six, folder).server).toBe('https://[fd00::1]:443');
  expect(() => inClusterCredentials({}, folder)).toThrow('not in a cluster');
});

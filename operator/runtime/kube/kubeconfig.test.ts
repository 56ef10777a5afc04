import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { kubeconfigCredentials } from './kubeconfig.ts';

let folder: string;
let path: string;
let clock: VirtualClock;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-kubeconfig-'));
  path = join(folder, 'config');
  clock = new VirtualClock();
});
afterEach(() => rm(folder, { recursive: true }));

async function write(user: object): Promise<void> {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:6443/' } }],
    users: [{ name: 'u', user }],
  };
  await writeFile(path, JSON.stringify(config));
}

test('a token that is replaced in the kubeconfig is used within ten seconds', async () => {
  await write({ token: 'first' });
  const credentials = await kubeconfigCredentials({ path }, clock);
  expect(credentials.server).toBe('https://127.0.0.1:6443');
  expect(await credentials.authorization()).toBe('Bearer first');
  await write({ token: 'second' });
  await clock.advance(10_000);
  expect(await credentials.authorization()).toBe('Bearer second');
});

test('a token file is read again too, and a kubeconfig that is half written changes nothing', async () => {
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, 'first\n');
  await write({ 'token-file': tokenFile });
  const credentials = await kubeconfigCredentials({ path }, clock);
  expect(await credentials.authorization()).toBe('Bearer first');
  await writeFile(path, '{"clusters": [');
  await clock.advance(10_000);
  expect(await credentials.authorization()).toBe('Bearer first');
  await write({ 'token-file': tokenFile });
  await writeFile(tokenFile, 'second\n');
  await clock.advance(10_000);
  expect(await credentials.authorization()).toBe('Bearer second');
});

test('client certificates are read anew for the next connection, and go without a token', async () => {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  await writeFile(cert, 'certificate 1');
  await writeFile(key, 'key 1');
  await write({ 'client-certificate': cert, 'client-key': key });
  const credentials = await kubeconfigCredentials({ path }, clock);
  expect(await credentials.authorization()).toBeUndefined();
  expect(String((await credentials.tls()).cert)).toBe('certificate 1');
  await writeFile(cert, 'certificate 2');
  expect(String((await credentials.tls()).cert)).toBe('certificate 2');
});

test('an exec plugin is asked once, and again when the kubeconfig has changed', async () => {
  const plugin = join(folder, 'plugin.sh');
  const asked = join(folder, 'asked');
  const credential = '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}';
  await writeFile(
    plugin,
    `#!/bin/sh\necho x >> '${asked}'\nprintf '${credential}' "token-$(wc -l < '${asked}' | tr -d ' ')"\n`,
  );
  await chmod(plugin, 0o755);
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'Never' };
  await write({ exec });
  const credentials = await kubeconfigCredentials({ path }, clock);
  expect(await credentials.authorization()).toBe('Bearer token-1');
  await clock.advance(10_000);
  expect(await credentials.authorization()).toBe('Bearer token-1');
  await write({ exec: { ...exec, args: ['again'] } });
  await clock.advance(10_000);
  expect(await credentials.authorization()).toBe('Bearer token-2');
});

test('what cannot work is said at the start', async () => {
  await write({ token: 'x', as: 'somebody' });
  await expect(kubeconfigCredentials({ path }, clock)).rejects.toThrow('impersonation is not supported');
  await write({ token: 'x' });
  await expect(kubeconfigCredentials({ path, context: 'elsewhere' }, clock)).rejects.toThrow('elsewhere');
});

import { expect, test } from 'vitest';
import { fullName } from './env.ts';
import { environmentFor } from './environment.ts';
import { layout } from './layout.ts';

const places = layout({ XDG_CACHE_HOME: '/c' });
const base = { PATH: '/usr/bin', HOME: '/home/a' };

test('on the private path docker, kind and kubectl are our own and DOCKER_HOST is our socket', () => {
  const { env, kubeconfig, context } = environmentFor({ engine: 'private', images: 'built' }, places, base);
  expect(env).toMatchObject({
    PATH: '/c/sluice/bin:/c/sluice/engine/usr/sbin:/c/sluice/engine/usr/bin:/usr/bin:/usr/sbin:/sbin',
    DOCKER_HOST: 'unix:///c/sluice/docker.sock',
    DOCKER_BUILDKIT: '0',
    KUBECONFIG: '/home/a/.kube/config',
  });
  expect([kubeconfig, context]).toEqual(['/home/a/.kube/config', 'kind-sluice']);
});

test('on the ordinary path Docker is where the user has it', () => {
  const given = { ...base, DOCKER_HOST: 'tcp://127.0.0.1:2375', KUBECONFIG: '/k' };
  const { env, exports } = environmentFor({ engine: 'running', images: 'pulled' }, places, given);
  expect(env.DOCKER_HOST).toBe('tcp://127.0.0.1:2375');
  expect(exports).toEqual({ PATH: '/c/sluice/bin:/usr/bin', KUBECONFIG: '/k' });
});

test('an environment made of itself is the same', () => {
  const path = { engine: 'private', images: 'built' } as const;
  const once = environmentFor(path, places, base).env;
  expect(environmentFor(path, places, once).env).toEqual(once);
});

test.each([
  ['busybox:1', 'docker.io/library/busybox:1'],
  ['sluice/operator:1.0.0', 'docker.io/sluice/operator:1.0.0'],
  ['example.com/a/b:1', 'example.com/a/b:1'],
  ['localhost:5000/a:1', 'localhost:5000/a:1'],
])('containerd calls %s %s', (ref, name) => {
  expect(fullName(ref)).toBe(name);
});

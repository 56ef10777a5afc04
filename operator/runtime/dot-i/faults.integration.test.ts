import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Greeting } from '../examples/greetings.ts';
import { endProcess, serveGreetings } from '../examples/testing/real-server.ts';
import { apiVersionOf, type Cluster, connectKubeconfig, Namespace, type Resource } from '../index.ts';
import { type FaultProxy, startFaultProxy } from '../testing/index.ts';

// One operator source, testing/sample-operator.ts, on the original base class and on ours: two processes behind one proxy
// that breaks connections, each with a namespace of its own.

const soon = { timeout: 60_000, interval: 50 };

let cluster: Cluster;
let greetings: Resource<Greeting>;
let folder: string;
let proxy: FaultProxy;
let kubeconfig: string;

beforeAll(async () => {
  cluster = await connectKubeconfig({ path: inject('kubeconfig') });
  // The example's own tests share the API server and count what its operator writes.
  greetings = await serveGreetings(cluster.client, 'dot-i.example.org');
});
afterAll(() => cluster.close());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dot-i-'));
  const config = parse(await readFile(inject('kubeconfig'), 'utf8')) as { clusters: { cluster: { server: string } }[] };
  const [{ cluster: entry } = { cluster: { server: '' } }] = config.clusters;
  const { hostname, port } = new URL(entry.server);
  proxy = await startFaultProxy({ host: hostname, port: Number(port) });
  entry.server = `https://127.0.0.1:${proxy.port}`;
  kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, stringify(config));
});

interface Sample {
  readonly process: ChildProcess;
  readonly namespace: string;
  /** `ADDED name` and so on, in order. */
  readonly events: readonly string[];
  create(name: string): Promise<void>;
  greeted(name: string): Promise<number | undefined>;
}

const samples: Sample[] = [];
afterEach(async () => {
  for (const { process } of samples.splice(0)) await endProcess(process, 'SIGKILL');
  await proxy.stop();
  await rm(folder, { recursive: true });
});

async function startSample(base: 'original' | 'ours'): Promise<Sample> {
  const namespace = `${base}-${randomUUID().slice(0, 8)}`;
  const { client } = cluster;
  await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const args = [join(import.meta.dirname, 'testing/run-sample.ts'), base, namespace];
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  const started = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const events: string[] = [];
  createInterface(started.stdout).on('line', (line) => {
    const { type, name } = JSON.parse(line) as { type: string; name: string };
    events.push(`${type} ${name}`);
  });
  const sample: Sample = {
    process: started,
    namespace,
    events,
    async create(name) {
      const [apiVersion, { kind }] = [apiVersionOf(greetings), greetings];
      await client.create(greetings, { apiVersion, kind, metadata: { name, namespace }, spec: { names: ['ann'] } });
    },
    greeted: async (name) => (await client.get(greetings, { namespace, name }))?.status?.greeted,
  };
  samples.push(sample);
  return sample;
}

/** Both bases with an object each that is taken care of: without faults they do the same. */
async function startBoth(): Promise<{ original: Sample; ours: Sample }> {
  const [original, ours] = [await startSample('original'), await startSample('ours')];
  for (const sample of [original, ours]) {
    await sample.create('first');
    await expect.poll(() => sample.greeted('first'), soon).toBe(1);
  }
  return { original, ours };
}

test('connections are cut and refused for a moment: the original ends its process, ours goes on where it was', async () => {
  const { original, ours } = await startBoth();
  const ended = once(original.process, 'exit');
  proxy.refuse(true);
  proxy.cut();
  expect(await ended).toEqual([1, null]);
  proxy.refuse(false);
  for (const sample of [original, ours]) await sample.create('second');
  await expect.poll(() => ours.greeted('second'), soon).toBe(1);
  expect(await original.greeted('second')).toBeUndefined();
  // What it knew was not told again.
  expect(ours.events.filter((event) => event === 'ADDED first')).toHaveLength(1);
});

test('a connection is half-open: the original hears nothing any more and does not know, ours finds out', async () => {
  const { original, ours } = await startBoth();
  proxy.freeze();
  for (const sample of [original, ours]) await sample.create('second');
  await expect.poll(() => ours.greeted('second'), soon).toBe(1);
  expect(await original.greeted('second')).toBeUndefined();
  expect(original.process.exitCode).toBeNull();
});

test('a handler throws once: the original forgets the event, ours delivers it again', async () => {
  const { original, ours } = await startBoth();
  for (const sample of [original, ours]) {
    await sample.create('flaky');
    await sample.create('after');
    await expect.poll(() => sample.greeted('after'), soon).toBe(1);
  }
  await expect.poll(() => ours.greeted('flaky'), soon).toBe(1);
  // Events come in order, so it had its turn before `after`.
  expect(original.events).toContain('ADDED flaky');
  expect(await original.greeted('flaky')).toBeUndefined();
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { imageContents, writeContents } from '../../hack/images/contents.ts';
import { imageSources } from '../../hack/images/sources.ts';
import type { Holdings } from './probe.ts';

const root = resolve(import.meta.dirname, '../..');
// Within the checkout: the bundle finds the kubeconfig reader in node_modules.
const place = join(root, '.cache/soak');

/** The operator as it is shipped: the bundle of its image, run by Node. */
export interface OperatorProcess {
  holdings(): Promise<Holdings>;
  /** Sum of the series of a metric whose labels match. */
  metric(name: string, labels?: RegExp): Promise<number>;
  stop(): Promise<void>;
}

/** Writes the bundle of the operator's image and resolves to its path. */
export async function bundleOperator(): Promise<string> {
  const folder = join(place, 'bundle');
  await writeContents(folder, await imageContents(root, 'operator', imageSources.operator, place));
  return join(folder, 'main.js');
}

/** Starts the bundle against a cluster; resolves when its caches are complete. Its log goes to `.cache/soak/<name>.log`. */
export async function startOperator(
  name: string,
  bundle: string,
  kubeconfig: string,
  flags: readonly string[] = [],
): Promise<OperatorProcess> {
  const catalog = join(place, 'catalog.json');
  const images = { drain: 'drain:1', orderBook: { '1.0.0': 'book:1' }, sequenceCounter: { '1.0.0': 'counter:1' } };
  // JSON is YAML.
  await writeFile(catalog, JSON.stringify(images));
  const logFile = join(place, `${name}.log`);
  const log = openSync(logFile, 'w');
  const probe = join(import.meta.dirname, 'probe.ts');
  const args = ['--expose-gc', '--import', probe, bundle, '--catalog', catalog, '--metrics-port', '0', ...flags];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, KUBECONFIG: kubeconfig },
    stdio: ['ignore', log, log, 'ipc'],
  });
  const port = await portOf(child, logFile);
  return {
    async holdings() {
      const answered = once(child, 'message', { signal: AbortSignal.timeout(60_000) });
      child.send('holdings');
      return (await answered)[0] as Holdings;
    },
    async metric(metric, labels = /./) {
      const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      const series = page.split('\n').filter((line) => line.startsWith(`${metric}{`) && labels.test(line));
      return series.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
}

/** Reads the port from the log line that tells that the caches are complete. */
async function portOf(child: ChildProcess, logFile: string): Promise<number> {
  for (const until = performance.now() + 60_000; performance.now() < until; ) {
    const text = await readFile(logFile, 'utf8');
    const port = /"port":(\d+)/.exec(text)?.[1];
    if (port !== undefined) return Number(port);
    if (child.exitCode !== null) throw new Error(`the operator ended with ${child.exitCode}: ${text.slice(-500)}`);
    await new Promise((settle) => setTimeout(settle, 100));
  }
  throw new Error('the operator was not ready within 60 s');
}

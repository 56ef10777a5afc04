import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import { parse } from 'yaml';
import { CustomResourceDefinition, type KubeClient, type Resource } from '../../index.ts';
import { Greeting } from '../greetings.ts';

/** Makes the API server know Greetings; resolves when it serves them. In a `group` of their own nobody else touches them. */
export async function serveGreetings(client: KubeClient, group = Greeting.group): Promise<Resource<Greeting>> {
  const crd = await readFile(join(import.meta.dirname, '../greetings.crd.yaml'), 'utf8');
  const definition = parse(crd.replaceAll(Greeting.group, group)) as CustomResourceDefinition;
  await client.apply(CustomResourceDefinition, definition, { fieldManager: 'test' });
  const served = { ...Greeting, group };
  // From the watch cache: while that is being filled the server answers 429, which not every client survives.
  const path = `/apis/${group}/${served.version}/${served.plural}?resourceVersion=0`;
  await vi.waitFor(() => client.raw('GET', path), { timeout: 60_000, interval: 50 });
  return served;
}

/** Resolves when the process has ended, by `signal` or before. */
export async function endProcess(process: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  process.kill(signal);
  await once(process, 'exit');
}

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { connectCluster } from '../../../operator/runtime/kube/cluster.ts';
import type { Cluster, Credentials } from '../../../operator/runtime/kube/index.ts';

export interface FakeServer {
  readonly url: string;
  readonly ca: string | undefined;
  connect(): Cluster;
  stop(): void;
}

/** Starts the fake API server in a process of its own. */
export async function startFakeServer(options: {
  objects: number;
  events: number;
  plain?: boolean;
}): Promise<FakeServer> {
  const child: ChildProcess = fork(
    join(import.meta.dirname, 'fake-api-server.ts'),
    [String(options.objects), String(options.events), options.plain === true ? 'plain' : 'pods'],
    { execArgv: [] },
  );
  const { server, ca } = await new Promise<{ server: string; ca?: string }>((resolve, reject) => {
    child.once('message', (message) => resolve(message as { server: string; ca?: string }));
    child.once('exit', (code) => reject(new Error(`the fake server ended with ${code}`)));
  });
  const credentials: Credentials = {
    server,
    tls: async () => (ca === undefined ? {} : { ca }),
    authorization: async () => 'Bearer a-token-of-the-usual-kind',
  };
  return { url: server, ca, connect: () => connectCluster(credentials), stop: () => void child.kill() };
}

/** Seconds of processor time of this process since `from`, all threads. */
export function cpuSeconds(from?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1e6;
}

/** Bytes of live JavaScript objects and buffers. Needs --expose-gc. */
export function liveBytes(): number {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('run this with --expose-gc');
  gc();
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** One line of JSON for programs and one for people. */
export function report(name: string, figures: Record<string, number | string | boolean>, line: string): void {
  console.log(JSON.stringify({ bench: name, node: process.version, ...figures }));
  console.log(`${name}: ${line}`);
}

export function rounded(value: number, digits = 0): number {
  return Number(value.toFixed(digits));
}

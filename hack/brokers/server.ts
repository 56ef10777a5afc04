import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServerProcess, startServer } from '../control-plane/server-process.ts';

/** A real message broker on loopback, for tests and benches. It dies with the process that started it. */
export interface BrokerServer {
  /** `nats://127.0.0.1:<port>` or `redis://127.0.0.1:<port>`: the same after every start. */
  readonly url: string;
  readonly port: number;
  readonly directory: string;
  readonly pid: number;
  /** SIGKILL; resolves when it is gone. Its data stay. */
  kill(): Promise<void>;
  /** Starts it again on its port and its data, and resolves when it serves. */
  start(): Promise<void>;
  /** Throws its data away; it must be down. */
  wipe(): Promise<void>;
  /** Ends it and removes its directory. */
  stop(): Promise<void>;
}

export interface ServerRecipe {
  readonly name: string;
  readonly port: number;
  /** Writes what it needs into its directory and returns the command that starts it. Folder `data` in it is empty at first. */
  readonly command: (directory: string) => Promise<readonly string[]>;
  /** Resolves to whether it serves. */
  readonly ready: () => Promise<boolean>;
}

const START_LIMIT_MS = 30_000;

/** Starts a broker with a directory of its own and resolves when it serves. */
export async function startBroker({ name, port, command, ready }: ServerRecipe): Promise<BrokerServer> {
  const directory = await mkdtemp(join(tmpdir(), `sluice-${name}-`));
  const data = join(directory, 'data');
  let running: ServerProcess | undefined;

  const start = async (): Promise<void> => {
    await mkdir(data, { recursive: true });
    const server = startServer(name, await command(directory), directory);
    running = server;
    const deadline = performance.now() + START_LIMIT_MS;
    while (!(await ready())) {
      const end = await server.ended();
      if (end !== undefined) throw new Error(end);
      if (performance.now() > deadline) throw new Error(`${name} did not serve within ${START_LIMIT_MS / 1_000} s`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const broker: BrokerServer = {
    url: `${name}://127.0.0.1:${port}`,
    port,
    directory,
    get pid() {
      return running?.pid ?? 0;
    },
    kill: async () => {
      if (running === undefined) return;
      process.kill(running.pid, 'SIGKILL');
      await running.stop();
      running = undefined;
    },
    start,
    wipe: () => rm(data, { recursive: true, force: true }),
    stop: async () => {
      await running?.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
  try {
    await start();
  } catch (error) {
    await broker.stop();
    throw error;
  }
  return broker;
}

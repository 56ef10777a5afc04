import { writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { ensureBinaries } from '../cluster/binaries.ts';
import { freePorts } from '../control-plane/free-ports.ts';
import { type BrokerServer, startBroker } from './server.ts';

/**
 * NATS with JetStream that forces what it acknowledges to disk (`sync_interval: always`; by default a server does that every two
 * minutes). With `count` servers, they are one cluster. `settings` are further lines of the configuration. Resolves when each says that
 * it is healthy.
 */
export async function startNats(count = 1, settings: readonly string[] = []): Promise<BrokerServer[]> {
  const program = join(await ensureBinaries(['nats']), 'nats-server');
  const ports = await freePorts(count * 3);
  const routes = ports.slice(count * 2).map((port) => `nats-route://127.0.0.1:${port}`);
  const servers = Array.from({ length: count }, (_, index) => {
    const [port = 0, monitor = 0, route = 0] = [ports[index], ports[count + index], ports[count * 2 + index]];
    const config = (directory: string): string[] => [
      `server_name: n${index}`,
      `listen: "127.0.0.1:${port}"`,
      `http: "127.0.0.1:${monitor}"`,
      `jetstream { store_dir: "${join(directory, 'data')}", sync_interval: always }`,
      ...settings,
      ...(count === 1
        ? []
        : [`cluster { name: test, listen: "127.0.0.1:${route}", routes: ${JSON.stringify(routes)} }`]),
    ];
    return startBroker({
      name: 'nats',
      port,
      command: async (directory) => {
        const file = join(directory, 'nats.conf');
        await writeFile(file, `${config(directory).join('\n')}\n`);
        return [program, '--config', file];
      },
      ready: () => healthy(monitor),
    });
  });
  return Promise.all(servers);
}

function healthy(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(`http://127.0.0.1:${port}/healthz`, { timeout: 1_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}

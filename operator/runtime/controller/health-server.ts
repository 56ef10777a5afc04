import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

export interface HealthChecks {
  /** Names of what is wrong; empty: fine. Liveness: a restart would help. */
  readonly alive: () => readonly string[];
  /** Readiness: able to do its work, or to take over at once. Never tied to leadership. */
  readonly ready: () => readonly string[];
}

/** /healthz, /readyz and /metrics on one port. */
export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on all addresses; port 0 takes a free one. Rejects with EADDRINUSE when the port is taken. */
export async function serveHealth(port: number, registry: Registry, checks: HealthChecks): Promise<HealthServer> {
  const answer = (response: ServerResponse, wrong: readonly string[]): void => {
    response.writeHead(wrong.length === 0 ? 200 : 503, { 'content-type': 'text/plain' });
    response.end(wrong.length === 0 ? 'ok\n' : `${wrong.join('\n')}\n`);
  };
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (path === '/healthz') answer(response, checks.alive());
    else if (path === '/readyz') answer(response, checks.ready());
    else if (path !== '/metrics') response.writeHead(404).end('/healthz, /readyz and /metrics are here\n');
    else {
      registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
        (error: unknown) => response.writeHead(500).end(`${String(error)}\n`),
      );
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

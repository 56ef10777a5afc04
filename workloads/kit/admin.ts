import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import type { Health, HealthReport } from './health.ts';

export interface AdminServer {
  /** Port 0 picks a free one. Resolves to the port that is listened on; rejects with EADDRINUSE and the like. */
  listen(port: number, host: string): Promise<number>;
  close(): Promise<void>;
}

/** /metrics, /healthz and /readyz over plain HTTP, apart from the service port so that they need no token. */
export function createAdminServer({ registry, health }: { registry: Registry; health: Health }): AdminServer {
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return answer(response, 405, 'Only GET is served here.\n');
    if (path === '/healthz') return answerReport(response, health.live());
    if (path === '/readyz') return answerReport(response, health.ready());
    if (path === '/metrics') return void answerMetrics(response, registry);
    answer(response, 404, 'Here are /metrics, /healthz and /readyz.\n');
  });
  return {
    listen: (port, host) => listen(server, port, host),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function answer(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}

function answerReport(response: ServerResponse, { ok, checks }: HealthReport): void {
  const lines = Object.entries(checks).map(([name, result]) => `${name}: ${result}\n`);
  answer(response, ok ? 200 : 503, `${ok ? 'ok' : 'not ok'}\n${lines.join('')}`);
}

async function answerMetrics(response: ServerResponse, registry: Registry): Promise<void> {
  try {
    answer(response, 200, await registry.metrics(), registry.contentType);
  } catch (error) {
    answer(response, 500, `${error instanceof Error ? error.message : String(error)}\n`);
  }
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@sluice/runtime/clock';
import { createLogger } from '@sluice/runtime/telemetry';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BookService, type BookServiceOptions, startBook } from './book-service.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-book-service-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function start(tickSize: string, more: Partial<BookServiceOptions> = {}): Promise<BookService> {
  return startBook({
    version: 'test',
    clock: systemClock,
    log: createLogger('test', 'silent'),
    config: {
      symbols: [{ name: 'BTC-EUR', tickSize, lotSize: '0.0001' }],
      limits: { maxOrdersPerAccount: 100, ordersPerSecondPerAccount: 100 },
    },
    store: { directory: join(folder, 'data') },
    host: '127.0.0.1',
    port: 0,
    adminPort: 0,
    maxPending: 100,
    maxOpenOrders: 100,
    auth: undefined,
    ...more,
  });
}

async function stop({ stopSteps }: BookService): Promise<void> {
  for (const { run } of stopSteps) await run();
}

it('a start that fails gives back the directory and every port that it had taken', async () => {
  const first = await start('0.01', { binary: { port: 0 } });
  const ports = { adminPort: first.adminPort, binary: { port: first.binaryPort ?? 0 } };
  await stop(first);
  await expect(start('0.05', ports)).rejects.toMatchObject({ code: 'SLUICE_SYMBOL_CHANGED' });
  // Both doors on one port: the second of them finds it taken, when everything else is there.
  const { port } = ports.binary;
  await expect(start('0.01', { ...ports, port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  const again = await start('0.01', ports);
  expect(again.adminPort).toBe(ports.adminPort);
  await stop(again);
});

it('stops in the opposite order of its start', async () => {
  const service = await start('0.01', { binary: { port: 0 } });
  const names = service.stopSteps.map(({ name }) => name);
  expect(names).toEqual(['binary port', 'orders', 'service', 'publisher', 'store', 'admin']);
  await stop(service);
});

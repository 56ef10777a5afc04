import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@sluice/runtime/clock';
import { createLogger, createMetrics, createRegistry } from '@sluice/runtime/telemetry';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Sequencer } from '../exchange/sequencer.ts';
import { Store } from '../exchange/store.ts';
import { listing, place } from '../exchange/testing/command-flow.ts';
import { createOrderEntry } from '../gateway/order-entry.ts';
import { createRateLimit } from '../gateway/rate-limit.ts';
import { orderBookMetrics } from '../metrics.ts';
import { Publication } from './publication.ts';
import { TRADE_BYTES } from './trade-record.ts';

const log = createLogger('test', 'silent');
let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-publication-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A book whose broker is a port that nobody listens on; ten trades may wait. */
async function openBook() {
  const registry = createRegistry();
  const publication = new Publication({
    clock: systemClock,
    log,
    registry,
    directory,
    target: {
      url: 'nats://127.0.0.1:1',
      subject: 'trades',
      credentialsFile: undefined,
      caFile: undefined,
      replicas: 1,
      maxBytes: 1e6,
      maxTrades: 1e4,
    },
    maxOutboxBytes: TRADE_BYTES * 10,
    keepBytes: 0,
  });
  const store = await Store.open({ directory, log, ...publication.hooks });
  const { exchange, journal, epoch } = store;
  const sequencer = new Sequencer({ exchange, journal, epoch, maxPending: 100 });
  if (exchange.sequence === 0) for (const command of listing) await sequencer.submit(command);
  await publication.start(exchange, sequencer);
  const entry = createOrderEntry({
    clock: systemClock,
    exchange,
    sequencer,
    listed: new Set(['BTC-EUR']),
    rateLimit: createRateLimit(systemClock, 1_000_000),
    maxOpenOrders: 1_000,
    refusal: () => publication.refusal(),
    metrics: createMetrics(orderBookMetrics, registry),
  });
  const close = async (): Promise<void> => {
    await sequencer.stop();
    await publication.stop();
    await store.close();
    await publication.close();
  };
  return { publication, sequencer, entry, registry, close };
}

it('without a broker orders are taken until the outbox is full; then cancels only, also after a restart', async () => {
  const book = await openBook();
  const { publication, sequencer, entry } = book;
  const body = { symbol: 'BTC-EUR', side: 'buy', price: '0.50', quantity: '0.0001' } as const;
  const resting = await entry.place('a', body);
  for (let trade = 0; trade < 10; trade++) {
    expect(publication.refusal()).toBeUndefined();
    for (const side of [0, 1] as const) await sequencer.submit(place({ side }));
  }
  await expect(entry.place('a', body)).rejects.toMatchObject({ code: 'SLUICE_PUBLISH_BACKLOG', status: 503 });
  await expect(entry.replace('a', resting.order.id, { price: '0.60' })).rejects.toMatchObject({
    code: 'SLUICE_PUBLISH_BACKLOG',
  });
  expect((await entry.cancel('a', resting.order.id)).order.status).toBe('cancelled');
  expect(publication.status()).toEqual({ state: 'SLUICE_BROKER_UNAVAILABLE', last: '10', acknowledged: '0' });
  await expect
    .poll(() => publication.report(), { timeout: 30_000 })
    .toEqual({
      state: 'SLUICE_BROKER_UNAVAILABLE',
      waiting: 10,
      sentence: expect.stringContaining('subject trades of nats://127.0.0.1:1 does not take trades'),
    });
  const metrics = await book.registry.metrics();
  expect(metrics).toMatch(/^sluice_orderbook_publish_up 0$/m);
  expect(metrics).toMatch(/^sluice_orderbook_publish_lag_trades 10$/m);
  expect(metrics).toMatch(/^sluice_orderbook_outbox_bytes 480$/m);
  await book.close();

  const again = await openBook();
  expect(again.publication.refusal()?.code).toBe('SLUICE_PUBLISH_BACKLOG');
  expect(again.publication.status()).toMatchObject({ last: '10', acknowledged: '0' });
  await again.close();
}, 60_000);

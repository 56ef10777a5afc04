import { afterAll, expect, it } from 'vitest';
import { diskError, MemoryDisk } from '../journal/testing/memory-disk.ts';
import { Gateway, good } from './testing/gateway.ts';

const gateway = new Gateway();
const { call } = gateway;
afterAll(() => gateway.remove());

it('commands beyond those that may wait for the disk are refused with a time to come again, and nothing of them is done', () => {
  const disk = new MemoryDisk();
  return gateway.with({ disk, maxPending: 4 }, async () => {
    const { store } = gateway.service;
    const before = store.exchange.sequence;
    const open = disk.hold();
    const waiting = Array.from({ length: 4 }, () => call('POST', '/v1/orders', good));
    await expect.poll(async () => (await call('GET', '/v1/status')).body.pending).toBe(4);
    for (const [method, path, body] of [
      ['POST', '/v1/orders', good],
      ['DELETE', '/v1/orders/1', undefined],
      ['PUT', '/v1/symbols/BIG/phase', { phase: 'halted' }],
    ] as const) {
      const refused = await call(method, path, body);
      expect([refused.status, refused.body.code]).toEqual([503, 'SLUICE_OVERLOADED']);
      expect(refused.headers.get('retry-after')).toBe('1');
    }
    open();
    for (const reply of await Promise.all(waiting)) expect(reply.status).toBe(201);
    expect(store.exchange.sequence).toBe(before + 4);
  });
});

it('a full disk refuses the order and takes the next one when there is space', () => {
  const disk = new MemoryDisk();
  return gateway.with({ disk }, async () => {
    disk.fault = ({ kind }) => (kind === 'write' ? { error: diskError('ENOSPC') } : undefined);
    const refused = await call('POST', '/v1/orders', { ...good, clientOrderId: 'one' });
    expect([refused.status, refused.body.code]).toEqual([503, 'SLUICE_DISK_FULL']);
    disk.fault = () => undefined;
    expect((await call('POST', '/v1/orders', { ...good, clientOrderId: 'one' })).status).toBe(201);
  });
});

it('a disk that fails is never written to again, and the status says so', () => {
  const disk = new MemoryDisk();
  return gateway.with({ disk }, async () => {
    disk.fault = ({ kind }) => (kind === 'datasync' ? { error: diskError('EIO') } : undefined);
    expect((await call('POST', '/v1/orders', good)).body.code).toBe('SLUICE_JOURNAL_FAILED');
    disk.fault = () => undefined;
    const refused = await call('DELETE', '/v1/orders/1');
    expect([refused.status, refused.body.code]).toEqual([503, 'SLUICE_JOURNAL_FAILED']);
    expect((await call('GET', '/v1/status')).body).toMatchObject({ journal: 'SLUICE_JOURNAL_FAILED' });
    expect((await call('GET', '/v1/orders')).body.orders).toEqual([]);
  });
});

it('while trades cannot be published, nothing that could trade is taken, and cancels are', () => {
  // Nobody listens at port 1.
  const secrets = { credentialsFile: undefined, caFile: undefined };
  const target = { url: 'redis://127.0.0.1:1', subject: 'trades', replicas: 1, maxBytes: 1, maxTrades: 1, ...secrets };
  return gateway.with({ publish: { target, maxOutboxBytes: 1, keepBytes: 0 } }, async () => {
    const { id } = (await call('POST', '/v1/orders', { ...good, quantity: '1' })).body;
    expect((await call('POST', '/v1/orders', { ...good, side: 'sell' })).body.fills).toHaveLength(1);
    for (const [method, path, body] of [
      ['POST', '/v1/orders', good],
      ['PATCH', `/v1/orders/${id}`, { price: '1.00' }],
    ] as const) {
      const refused = await call(method, path, body);
      expect([refused.status, refused.body.code]).toEqual([503, 'SLUICE_PUBLISH_BACKLOG']);
      expect(refused.headers.get('retry-after')).toBe('1');
    }
    expect((await call('DELETE', `/v1/orders/${id}`)).status).toBe(200);
  });
}, 20_000);

it('a book that stops says so', () =>
  gateway.with({}, async () => {
    await gateway.service.stopSteps.find(({ name }) => name === 'orders')?.run();
    const refused = await call('POST', '/v1/orders', good);
    expect([refused.status, refused.body.code]).toEqual([503, 'SLUICE_STOPPING']);
    expect(refused.headers.get('retry-after')).toBe('2');
  }));

it('a client order id is known after a restart', async () => {
  const directory = `${gateway.folder}/again`;
  let id = '';
  await gateway.with({ directory }, async () => {
    id = (await call('POST', '/v1/orders', { ...good, clientOrderId: 'one' })).body.id;
  });
  await gateway.with({ directory }, async () => {
    const again = await call('POST', '/v1/orders', { ...good, clientOrderId: 'one' });
    expect([again.status, again.body.id]).toEqual([200, id]);
    const other = await call('POST', '/v1/orders', { ...good, clientOrderId: 'one', price: '1.00' });
    expect([other.status, other.body.code]).toEqual([409, 'SLUICE_DUPLICATE_CLIENT_ORDER_ID']);
  });
});

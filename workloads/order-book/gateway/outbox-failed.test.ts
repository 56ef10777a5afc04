import { afterAll, expect, it } from 'vitest';
import { diskError, MemoryDisk } from '../journal/testing/memory-disk.ts';
import { Gateway, good } from './testing/gateway.ts';

const gateway = new Gateway();
const { call } = gateway;
afterAll(() => gateway.remove());

it('an outbox whose disk fails: nothing that could trade is taken, cancels and reads go on, and a restart mends it', async () => {
  const disk = new MemoryDisk();
  // Nobody listens at port 1: what is traded waits.
  const url = 'redis://127.0.0.1:1';
  const files = { credentialsFile: undefined, caFile: undefined };
  const target = { url, subject: 'trades', ...files, replicas: 1, maxBytes: 1, maxTrades: 1 };
  const publish = { target, maxOutboxBytes: 1 << 20, keepBytes: 0, disk };
  const directory = `${gateway.folder}/outbox`;
  await gateway.with({ directory, publish }, async () => {
    const resting = (await call('POST', '/v1/orders', { ...good, quantity: '1' })).body;
    disk.fault = ({ kind }) => (kind === 'write' ? { error: diskError('EIO') } : undefined);
    // It trades, and only then is its trade to be written.
    const sold = await call('POST', '/v1/orders', { ...good, side: 'sell' });
    expect([sold.status, sold.body.fills.length]).toEqual([201, 1]);
    await expect.poll(async () => (await call('GET', '/v1/status')).body.publisher.state).toBe('SLUICE_OUTBOX_FAILED');
    // A disk that works again is not trusted: the kernel may have dropped what it could not write.
    disk.fault = () => undefined;
    for (const [method, path, body] of [
      ['POST', '/v1/orders', good],
      ['PATCH', `/v1/orders/${resting.id}`, { price: '1.00' }],
    ] as const) {
      const refused = await call(method, path, body);
      expect([refused.status, refused.body.code]).toEqual([503, 'SLUICE_OUTBOX_FAILED']);
      expect(refused.body.detail).toMatch(/could not be written \(.*EIO.*start the program again\.$/);
    }
    expect((await call('GET', `/v1/orders/${resting.id}`)).body.filled).toBe('0.5000');
    expect((await call('GET', '/v1/trades?symbol=BTC-EUR')).body.trades).toHaveLength(1);
    expect((await call('DELETE', `/v1/orders/${resting.id}`)).status).toBe(200);
    // So that kubelet starts it anew.
    expect(gateway.service.health.live()).toMatchObject({ ok: false, checks: { journal: 'ok' } });
  });
  await gateway.with({ directory, publish }, async () => {
    expect((await call('GET', '/v1/status')).body.publisher).toMatchObject({ last: '1', acknowledged: '0' });
    expect((await call('POST', '/v1/orders', good)).status).toBe(201);
  });
}, 30_000);

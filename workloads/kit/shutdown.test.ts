import { createLogger, createRegistry } from '@sluice/runtime/telemetry';
import { describe, expect, it } from 'vitest';
import { createAdminServer } from './admin.ts';
import { createHealth } from './health.ts';
import { createShutdown } from './shutdown.ts';

const log = createLogger('test', 'silent');

describe('a graceful stop', () => {
  it('is not ready before the first step, runs the steps in order and goes on after a failing one', async () => {
    const health = createHealth();
    const seen: string[] = [];
    const steps = [
      { name: 'accept', run: () => void seen.push(`accept, ready ${health.ready().ok}`) },
      {
        name: 'drain',
        run: async () => {
          await Promise.resolve();
          seen.push('drain');
          throw new Error('half drained');
        },
      },
      { name: 'close', run: () => void seen.push('close') },
    ];
    const shutdown = createShutdown({ log, health, steps });
    expect(health.ready().ok).toBe(true);
    expect(await Promise.all([shutdown.stop('a'), shutdown.stop('b')])).toEqual([1, 1]);
    expect(seen).toEqual(['accept, ready false', 'drain', 'close']);
    expect(health.live().ok).toBe(true);
  });

  it('gives up at its deadline', async () => {
    const steps = [{ name: 'stuck', run: () => new Promise<void>(() => undefined) }];
    const shutdown = createShutdown({ log, health: createHealth(), steps, deadlineMs: 20 });
    expect(await shutdown.stop('test')).toBe(1);
  });
});

describe('the admin server', () => {
  it('serves metrics and both checks by name, and 503 as soon as one fails', async () => {
    const health = createHealth();
    let wrong: string | undefined;
    health.addReadiness('ledger', () => wrong);
    health.addLiveness('loop', () => undefined);
    const admin = createAdminServer({ registry: createRegistry(), health });
    const base = `http://127.0.0.1:${await admin.listen(0, '127.0.0.1')}`;
    try {
      const ready = await fetch(`${base}/readyz`);
      expect([ready.status, await ready.text()]).toEqual([200, 'ok\nshutdown: ok\nledger: ok\n']);
      wrong = 'no answer for 4 s';
      const not = await fetch(`${base}/readyz`);
      expect([not.status, await not.text()]).toEqual([503, 'not ok\nshutdown: ok\nledger: no answer for 4 s\n']);
      expect((await fetch(`${base}/healthz`)).status).toBe(200);
      expect(await (await fetch(`${base}/metrics`)).text()).toContain('process_cpu_seconds_total');
      expect((await fetch(`${base}/metrics`, { method: 'POST' })).status).toBe(405);
      expect((await fetch(`${base}/other`)).status).toBe(404);
    } finally {
      await admin.close();
    }
  });
});

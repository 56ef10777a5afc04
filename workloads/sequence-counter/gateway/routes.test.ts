import { createHealth, createService } from '@sluice/kit';
import { createLogger, createRegistry } from '@sluice/runtime/telemetry';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../core/record.ts';
import { addCounterRoutes } from './routes.ts';

const counters = [
  { name: 'default', start: 1n, step: 1n },
  { name: 'refunds', start: 100n, step: 10n },
];

describe('the routes of a counter', () => {
  let app: FastifyInstance;
  let record: LedgerRecord | undefined;
  const taken: [string, number][] = [];

  beforeAll(() => {
    const log = createLogger('test', 'silent');
    app = createService({ name: 'c', version: '1', log, registry: createRegistry(), health: createHealth() });
    addCounterRoutes(app, {
      counters,
      next: async (counter, count) => {
        taken.push([counter, count]);
        return { ranges: [{ first: 2n ** 62n + 1n, count }], epoch: 41n };
      },
      record: () => record,
    });
  });
  afterAll(() => app.close());

  it('give one number of the first counter to a request without a body, as text', async () => {
    const answer = await app.inject({ method: 'POST', url: '/v1/next' });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body).toBe('{"counter":"default","value":"4611686018427387905","epoch":"41"}');
    expect(taken.at(-1)).toEqual(['default', 1]);
  });

  it('give several by the steps of the counter that is named', async () => {
    const payload = { counter: 'refunds', count: 3 };
    const answer = await app.inject({ method: 'POST', url: '/v1/next', payload });
    expect(answer.json()).toEqual({
      counter: 'refunds',
      value: '4611686018427387905',
      values: ['4611686018427387905', '4611686018427387915', '4611686018427387925'],
      epoch: '41',
    });
  });

  it.each([
    [{ count: 0 }, 400, 'must be >= 1'],
    [{ count: 1001 }, 400, 'must be <= 1000'],
    [{ count: 1.5 }, 400, 'must be integer'],
    [{ count: '3' }, 400, 'must be integer'],
    [{ counters: 'x' }, 400, 'must NOT have additional properties'],
    [{ counter: 'x' }, 404, 'There are: default, refunds.'],
    [[], 400, 'must be object,null'],
  ])('refuse %j', async (payload, status, sentence) => {
    const before = taken.length;
    const answer = await app.inject({ method: 'POST', url: '/v1/next', payload });
    expect(answer.statusCode).toBe(status);
    expect(answer.json().detail).toContain(sentence);
    expect(taken.length).toBe(before);
  });

  it('give no number to a GET, which others may repeat or keep', async () => {
    expect((await app.inject('/v1/next')).statusCode).toBe(404);
  });

  it('say how far a counter is, without taking from it', async () => {
    expect((await app.inject('/v1/peek')).json()).toMatchObject({ status: 503, code: 'SLUICE_NO_NUMBERS' });
    const marks = new Map([['default', { high: 101n, rest: 43n }]]);
    record = { formatVersion: 1, epoch: 3n, holder: 'c-1/uid/nonce', leaseMs: 3_000, nonce: '', marks };
    const before = taken.length;
    expect((await app.inject('/v1/peek')).json()).toEqual({
      counter: 'default',
      highWater: '42',
      epoch: '3',
      holder: 'c-1',
    });
    expect((await app.inject('/v1/peek?counter=refunds')).json()).toMatchObject({ highWater: '0' });
    expect((await app.inject('/v1/peek?counter=x')).statusCode).toBe(404);
    expect(taken.length).toBe(before);
  });
});

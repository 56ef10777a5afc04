import { expect, test } from 'vitest';
import { readRequest, UsageError } from './request.ts';

const known = ['AppDeployment', 'OrderBook'] as const;

test('what Make passes on: empty is absent', () => {
  expect(readRequest({ RUNS: '', SEED: '', FIRST: '', KIND: '' }, known)).toEqual({
    runs: 300,
    first: 0,
    seed: undefined,
    wanted: known,
  });
  expect(readRequest({ RUNS: '10000', FIRST: '5000', KIND: 'orderbook' }, known)).toEqual({
    runs: 10_000,
    first: 5_000,
    seed: undefined,
    wanted: ['OrderBook'],
  });
  expect(readRequest({ SEED: '0' }, known).seed).toBe(0);
});

test('what is none is refused with a sentence', () => {
  expect(() => readRequest({ RUNS: 'many' }, known)).toThrow(new UsageError('RUNS=many is not a whole number'));
  expect(() => readRequest({ KIND: 'Pod' }, known)).toThrow('KIND=Pod is not one of: AppDeployment, OrderBook');
});

import { type KindName, kinds } from '@sluice/api';
import { expect, test } from 'vitest';
import { fieldChanges } from './field-changes.ts';
import { maximalSpecs } from './kinds-under-test.ts';

test('every field that may change is found, and what may not is left alone', () => {
  const paths = fieldChanges('OrderBook', maximalSpecs.OrderBook).map(({ path }) => path);
  expect(paths).toContain('spec.limits.maxOrdersPerAccount');
  expect(paths).toContain('spec.backup.target.s3.bucket');
  expect(paths).toContain('spec.replicas');
  expect(paths).not.toContain('spec.storage.storageClassName');
  expect(paths).not.toContain('spec.symbols[].tickSize');
  const oneWay = fieldChanges('OrderBook', maximalSpecs.OrderBook).filter((change) => change.oneWay);
  expect(oneWay.map(({ path }) => path)).toEqual(['spec.symbols', 'spec.storage.size']);
});

test('every field of every kind gets another value', () => {
  for (const kind of Object.keys(kinds) as KindName[]) {
    const changes = fieldChanges(kind, maximalSpecs[kind]);
    expect(changes.length).toBeGreaterThan(40);
    for (const { path, set } of changes) expect(set({}), `${kind} ${path}`).not.toEqual({});
  }
});

test('a change makes a spec that differs, and a removal takes the field away', () => {
  const spec = { drain: { mode: 'Auto', quietSeconds: 3 } };
  const change = (path: string) =>
    fieldChanges('AppDeployment', maximalSpecs.AppDeployment).find((one) => one.path === path);
  expect(change('spec.drain.quietSeconds')?.set(spec)).toEqual({ drain: { mode: 'Auto', quietSeconds: 4 } });
  expect(change('spec.drain.quietSeconds')?.remove?.(spec)).toEqual({ drain: { mode: 'Auto' } });
  expect(change('spec.paused')?.set(spec)).toMatchObject({ paused: true });
});

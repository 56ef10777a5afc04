import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type KindName, kinds, unbuiltFields } from './index.ts';
import { maximalAppDeployment, maximalOrderBook, maximalSequenceCounter } from './testing/maximal-specs.ts';

describe('unbuiltFields', () => {
  test('AppDeployment: whole fields, members of an enum, fields of fields', () => {
    expect(unbuiltFields('AppDeployment', maximalAppDeployment)).toEqual([
      'spec.strategy.type: Canary',
      'spec.drain.mode: Hook',
      'spec.drain.hook',
      'spec.drain.longLived',
      'spec.analysis',
      'spec.rollback',
      'spec.expose',
    ]);
  });

  test('SequenceCounter: fields of the items of a list', () => {
    const twoCounters = { ...maximalSequenceCounter, counters: maximalSequenceCounter.counters.slice(0, 2) };
    expect(unbuiltFields('SequenceCounter', twoCounters)).toEqual([
      'spec.ordering: Gapless',
      'spec.store.type: Postgres',
      ...[0, 1].flatMap((n) => ['min', 'max', 'cycle', 'format'].map((field) => `spec.counters[${n}].${field}`)),
      'spec.expose',
    ]);
  });

  test('OrderBook: numbers above what is built', () => {
    expect(unbuiltFields('OrderBook', maximalOrderBook)).toEqual([
      'spec.replicas: 9',
      'spec.journal.type: JetStream',
      'spec.spread',
      'spec.backup',
      'spec.channel',
      'spec.maintenance',
      'spec.upgrade',
      'spec.bootstrap',
      'spec.hibernation',
    ]);
    expect(unbuiltFields('OrderBook', { replicas: 1, journal: { type: 'File' } })).toEqual([]);
  });

  test('a field that is false, 0 or empty is set all the same', () => {
    expect(unbuiltFields('SequenceCounter', { counters: [{ name: 'a', cycle: false, min: 0 }] })).toEqual([
      'spec.counters[0].min',
      'spec.counters[0].cycle',
    ]);
    expect(unbuiltFields('AppDeployment', { analysis: [] })).toEqual(['spec.analysis']);
  });

  test('never throws, whatever is in the spec', () => {
    const names = Object.keys(kinds) as KindName[];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.jsonValue(), (kind, spec) => Array.isArray(unbuiltFields(kind, spec))),
    );
  });
});

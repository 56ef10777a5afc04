import { expect, test } from 'vitest';
import { idleTable, replaceSection, runtimeTables, trialTable } from './page.ts';
import type { Conditions, Results } from './results.ts';
import type { TrialFigures } from './trial.ts';

const made: Conditions = { date: '2026-01-02T03:04:05Z', commit: 'abc', version: '1.2.3', machine: '2 × CPU' };

function round(readySeconds: number): TrialFigures {
  return {
    startSeconds: 1,
    readySeconds,
    cpuSeconds: 2,
    startRssMb: 40,
    peakRssMb: 50,
    callsPerResource: 4,
    calls: { all: 4, writes: 4, refused: 0, byKind: {} },
    pacedP50Ms: 1.5,
    pacedP99Ms: 9,
  };
}

const results: Results = {
  kopf: { trials: { 1000: { ...made, rounds: [], failures: ['10 of 1000 Widgets were Ready'] } } },
  sluice: { trials: { 1000: { ...made, rounds: [round(6), round(3), round(4)], failures: [] } } },
  'controller-runtime': { trials: { 1000: { ...made, rounds: [round(3), round(4), round(8)], failures: [] } } },
};

test('a row has medians with least and greatest, and how it compares with Go', () => {
  const row = trialTable(results, 1000).split('\n')[4];
  expect(row).toBe(
    '| **@sluice/runtime** (TypeScript) | 1.2.3 | 4.0 (3.0–6.0) | 1.00 | 4.00 | 1.5 (1.5–1.5) | 9.0 (9.0–9.0) | 2.0 (2.0–2.0) | 40 | 50 (50–50) |',
  );
});

test('every row has as many cells as the head', () => {
  const rows = trialTable(results, 1000)
    .split('\n')
    .filter((line) => line.startsWith('|'));
  expect(new Set(rows.map((row) => row.split('|').length)).size).toBe(1);
});

test('who failed every round says why, and who was not measured has no row', () => {
  const table = trialTable(results, 1000);
  expect(table).toContain('failed: 10 of 1000 Widgets were Ready');
  expect(table).not.toContain('kube-rs');
  expect(table).toContain('Measured 2026-01-02 at abc on 2 × CPU.');
  expect(trialTable(results, 10)).toBe('');
});

test('idle minutes have a table of their own', () => {
  const figures = { resources: 1000, seconds: 300, writes: 0, reads: 3, cpuSeconds: 0.5, rssMb: 70.4 };
  const table = idleTable({ sluice: { trials: {}, idle: { ...made, figures } } });
  expect(table).toContain('### 5 idle minutes with 1,000 resources');
  expect(table).toContain('| 1.2.3 | 70 | 0 | 3 | 0.50 |');
  expect(runtimeTables({})).toBe('');
});

test('a section is replaced and the rest of the page is not', () => {
  const page = 'a\n<!-- x -->\nold\n<!-- /x -->\nb';
  expect(replaceSection(page, 'x', 'new')).toBe('a\n<!-- x -->\nnew\n<!-- /x -->\nb');
  expect(replaceSection(page, 'x', '')).toBe(page);
  expect(() => replaceSection(page, 'y', 'new')).toThrow('<!-- y -->');
});

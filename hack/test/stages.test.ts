import { expect, test } from 'vitest';
import { countExit, countGo, countVitest } from './stages.ts';

test('a command that is the test counts by its exit code', () => {
  expect(countExit(0)).toEqual({ passed: 1, failed: 0 });
  expect(countExit(1)).toEqual({ passed: 0, failed: 1 });
  expect(countExit(null)).toEqual({ passed: 0, failed: 1 });
});

test('a vitest run counts what passed, and everything else as failed', () => {
  expect(countVitest({ numTotalTests: 5, numPassedTests: 5 }, 0)).toEqual({ passed: 5, failed: 0 });
  expect(countVitest({ numTotalTests: 5, numPassedTests: 3 }, 1)).toEqual({ passed: 3, failed: 2 });
});

test.each([
  ['a skipped test', { numTotalTests: 2, numPassedTests: 1 }, 0, { passed: 1, failed: 1 }],
  ['no test at all', { numTotalTests: 0, numPassedTests: 0 }, 0, { passed: 0, failed: 1 }],
  ['a file that did not load', { numTotalTests: 1, numPassedTests: 1 }, 1, { passed: 1, failed: 1 }],
  ['no report', undefined, 0, { passed: 0, failed: 1 }],
])('%s is a failure', (_name, report, exitCode, expected) => {
  expect(countVitest(report, exitCode)).toEqual(expected);
});

test('go test events are counted per test, and a package that does not build is a failure', () => {
  const lines = [
    '{"Action":"run","Package":"p","Test":"TestA"}',
    '{"Action":"pass","Package":"p","Test":"TestA"}',
    '{"Action":"fail","Package":"p","Test":"TestB"}',
    '{"Action":"fail","Package":"p"}',
    'not json',
  ];
  expect(countGo(lines, 1)).toEqual({ passed: 1, failed: 1 });
  expect(countGo(['{"Action":"fail","Package":"p"}'], 1)).toEqual({ passed: 0, failed: 1 });
});

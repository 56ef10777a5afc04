import { expect, test } from 'vitest';
import { Tally } from './tally.ts';

test('faults are added up by class, and each failed seed is named with how to play it again', () => {
  const tally = new Tally();
  tally.add({ seed: 1, failures: [], faults: { 'answer 409': 2, 'watch cut': 1 } });
  tally.add({ seed: 2, failures: ['lost', 'twice'], faults: { 'answer 409': 3 } });
  expect(tally.progress(9)).toBe('2 of 9 runs, 1 failures');
  expect(tally.report()).toMatch(/ 5 {2}answer 409\n/);
  expect(tally.report()).toMatch(/ 6 {2}faults in all\n {2}make campaign SEED=2\n2 runs, 1 failures\n$/);
});

import { expect, test } from 'vitest';
import { shuffledCycle } from './random-reads.ts';

test('the reads go everywhere before they come back, and not in order', () => {
  const next = shuffledCycle(10_000);
  const seen = new Set<number>();
  let neighbours = 0;
  for (let at = 0; !seen.has(at); at = next[at] as number) {
    seen.add(at);
    if (Math.abs((next[at] as number) - at) === 1) neighbours++;
  }
  expect(seen.size).toBe(10_000);
  expect(neighbours).toBeLessThan(50);
});

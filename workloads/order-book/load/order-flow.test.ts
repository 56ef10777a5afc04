import { expect, it } from 'vitest';
import { type FlowStep, orderFlow } from './order-flow.ts';

function take(seed: number, count: number): FlowStep[] {
  const flow = orderFlow(seed);
  return Array.from({ length: count }, () => flow.next().value);
}

it('is the same for the same seed and another for another', () => {
  expect(take(1, 500)).toEqual(take(1, 500));
  expect(take(1, 500)).not.toEqual(take(2, 500));
});

it('names only orders that it placed, each in its form, in the shares of the benchmark', () => {
  const steps = take(7, 50_000);
  const placed = new Set<number>();
  const counts = { place: 0, cancel: 0, replace: 0 };
  const wrong = steps.filter((step) => {
    counts[step.action]++;
    if (step.action !== 'place') return !placed.has(step.ref);
    placed.add(step.ref);
    return !/^\d+\.\d{2}$/.test(step.order.price) || !/^\d+\.\d{4}$/.test(step.order.quantity);
  });
  expect(wrong).toEqual([]);
  expect(counts.place / steps.length).toBeCloseTo(0.5, 1);
  expect(counts.cancel / steps.length).toBeCloseTo(0.41, 1);
  expect(counts.replace / steps.length).toBeCloseTo(0.09, 1);
});

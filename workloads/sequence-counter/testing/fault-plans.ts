import fc from 'fast-check';
import type { Fault } from './simulation.ts';

const kinds: readonly Fault['kind'][] = [
  'crash',
  'stop',
  'pause',
  'suspend',
  'partition',
  'deafness',
  'wallClock',
  'rollback',
  'recreate',
];

/** Up to ten faults in 14 s; the disasters that end all service are rare, so that the others get their time. */
export const faultPlans: fc.Arbitrary<Fault[]> = fc.array(
  fc.record({
    at: fc.integer({ min: 100, max: 14_000 }),
    kind: fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...kinds.slice(0, -2)) },
      { weight: 1, arbitrary: fc.constantFrom(...kinds.slice(-2)) },
    ),
    process: fc.integer({ min: 0, max: 2 }),
    ms: fc.integer({ min: 10, max: 6_000 }),
  }),
  { maxLength: 10 },
);

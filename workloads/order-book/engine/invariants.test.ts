import { describe, it } from 'vitest';
import * as book from './book.ts';
import * as hosted from './hosted-orders.ts';
import * as reports from './reports.ts';
import { checkSequence, checkSweep } from './testing/conformance.ts';
import { sequences } from './testing/sequences.ts';
import { surfaceSequences } from './testing/surface-sequences.ts';

const engine = { book, hosted, reports };

describe('hand-made sequences, by the number of the invariant', () => {
  for (const sequence of sequences) {
    it(`${sequence.invariant}: ${sequence.name}`, () => {
      checkSequence(engine, sequence);
    });
  }

  it('11: a single order fills 5,000 makers', () => {
    checkSweep(engine, 5_000);
  });
});

describe('hand-made sequences of the whole order surface', () => {
  for (const sequence of surfaceSequences) {
    it(sequence.name, () => {
      checkSequence(engine, sequence);
    });
  }
});

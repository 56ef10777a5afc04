import { describe, expect, it } from 'vitest';
import * as book from './book.ts';
import * as hosted from './hosted-orders.ts';
import * as reports from './reports.ts';
import { checkEngine } from './testing/conformance.ts';
import { loadEngine, mutations } from './testing/mutations.ts';

describe('the checks catch every seeded bug', () => {
  it('and pass on the engine itself', () => {
    checkEngine({ book, hosted, reports });
  });

  for (const mutation of mutations) {
    it(mutation.name, async () => {
      const mutant = await loadEngine(mutation);
      expect(() => checkEngine(mutant)).toThrow();
    });
  }
});

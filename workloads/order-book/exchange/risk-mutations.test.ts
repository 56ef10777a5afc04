import { describe, expect, it } from 'vitest';
import * as exchange from './exchange.ts';
import * as snapshot from './snapshot.ts';
import { loadProgram } from './testing/mutations.ts';
import { checkRisk } from './testing/risk-checks.ts';
import { riskMutations } from './testing/risk-mutations.ts';

describe('the checks of limits and pairs catch every seeded bug', () => {
  it('and pass on the program itself', () => checkRisk({ exchange, snapshot }));

  for (const mutation of riskMutations) {
    it(mutation.name, async () => {
      const mutant = await loadProgram(mutation);
      expect(() => checkRisk(mutant)).toThrow();
    });
  }
});

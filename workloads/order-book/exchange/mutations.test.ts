import { describe, expect, it } from 'vitest';
import * as journal from '../journal/file-journal.ts';
import * as command from './command.ts';
import * as exchange from './exchange.ts';
import * as replay from './replay.ts';
import * as sequencer from './sequencer.ts';
import * as snapshot from './snapshot.ts';

import { checkProgram } from './testing/durability.ts';
import { loadProgram, mutations } from './testing/mutations.ts';

describe('the checks of journal and exchange catch every seeded bug', () => {
  it('and pass on the program itself', async () => {
    await checkProgram({ journal, command, exchange, sequencer, snapshot, replay });
  });

  for (const mutation of mutations) {
    it(mutation.name, async () => {
      const mutant = await loadProgram(mutation);
      await expect(checkProgram(mutant)).rejects.toThrow();
    });
  }
});

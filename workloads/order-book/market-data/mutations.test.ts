import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadMutant } from '../testing/mutant.ts';
import { directed } from './testing/directed.ts';
import { mutations } from './testing/mutations.ts';
import type { Program } from './testing/scene.ts';
import { playScript, script } from './testing/script.ts';

const entries = [
  'market-data/binance/session.ts',
  'market-data/binance/symbols.ts',
  'market-data/binance/encode.ts',
  'market-data/coinbase/channels.ts',
  'market-data/coinbase/session.ts',
  'market-data/coinbase/encode.ts',
  'market-data/connection.ts',
  'market-data/hub.ts',
  'exchange/exchange.ts',
];

test.for(mutations.map((mutation) => [mutation.name, mutation] as const))('%s: noticed', async ([, mutation]) => {
  const modules = await loadMutant(mutation, entries);
  const mutant = Object.assign({}, ...(modules as object[])) as Program;
  await expect(check(mutant)).rejects.toThrow();
});

/** What feeds.test.ts asks of the program, until the first mistake. */
async function check(program: Program): Promise<void> {
  for (const play of directed) await play(program);
  await fc.assert(
    fc.asyncProperty(script, (steps) => playScript(program, steps)),
    { numRuns: 1_000, seed: 1, endOnFailure: true },
  );
}

import { seededRandom } from '@sluice/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createBinaryTarget } from './binary-target.ts';
import { decodeInput, encodeInput, readCorpus } from './corpus.ts';
import { Fuzzer } from './fuzzer.ts';
import { createRestTarget } from './rest-target.ts';
import { loadTarget, mutations } from './testing/mutations.ts';

// The short form of `make fuzz`, the same on every run: seeds, corpus and some changed inputs, without a look at the coverage.

const SHORT = 6;

describe.each([
  ['rest', createRestTarget],
  ['binary', createBinaryTarget],
] as const)('%s', (name, createTarget) => {
  it('all that was ever found, and what comes of it, keeps the rules', async () => {
    const target = await createTarget();
    const fuzzer = new Fuzzer(target, seededRandom(1));
    await fuzzer.learn([...target.seeds, ...readCorpus(name)]);
    for (let step = 0; step < SHORT; step++) await fuzzer.step();
    expect(fuzzer.executions).toBeGreaterThan(1_500);
  }, 120_000);
});

describe('a seeded bug of a parser is found', () => {
  it.each(mutations.map((mutation) => [mutation.name, mutation] as const))(
    '%s',
    async (_name, mutation) => {
      const target = await loadTarget(mutation);
      const fuzzer = new Fuzzer(target, seededRandom(1));
      const search = async (): Promise<void> => {
        await fuzzer.learn([...target.seeds, ...readCorpus(target.name)]);
        for (let step = 0; step < 4 * SHORT; step++) await fuzzer.step();
      };
      await expect(search()).rejects.toThrow(`${target.name}: `);
    },
    120_000,
  );
});

it('inputs are kept as lines of text', () => {
  const input = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  expect(encodeInput(input)).toMatch(/^[\x20-\x7e]+$/);
  expect(decodeInput(encodeInput(input))).toEqual(input);
});

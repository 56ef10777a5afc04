import type { Random } from '@sluice/runtime/clock';

/** Longer inputs are cut: they cost time and say nothing new. */
export const MAX_INPUT = 2_048;

export interface MutationSource {
  /** Inputs to take pieces from. */
  readonly corpus: readonly Uint8Array[];
  readonly words: readonly Uint8Array[];
}

type Mutator = (input: Uint8Array, random: Random, source: MutationSource) => Uint8Array;

const mutators: readonly Mutator[] = [
  function flipBit(input, random) {
    const output = new Uint8Array(input);
    const at = below(random, output.length);
    output[at] = (output[at] ?? 0) ^ (1 << below(random, 8));
    return output;
  },
  function setByte(input, random) {
    const output = new Uint8Array(input);
    output[below(random, output.length)] = below(random, 256);
    return output;
  },
  function addSmall(input, random) {
    const output = new Uint8Array(input);
    const at = below(random, output.length);
    output[at] = (output[at] ?? 0) + below(random, 9) - 4;
    return output;
  },
  function cutOut(input, random) {
    const [from, to] = piece(input, random);
    return joined(input.subarray(0, from), input.subarray(to));
  },
  function repeatPiece(input, random) {
    const [from, to] = piece(input, random);
    return joined(input.subarray(0, to), input.subarray(from));
  },
  function cutShort(input, random) {
    return input.subarray(0, below(random, input.length + 1));
  },
  function insertWord(input, random, { words }) {
    const at = below(random, input.length + 1);
    return joined(input.subarray(0, at), pick(words, random), input.subarray(at));
  },
  function overwriteWithWord(input, random, { words }) {
    const word = pick(words, random);
    const at = below(random, input.length + 1);
    return joined(input.subarray(0, at), word, input.subarray(at + word.length));
  },
  function replaceToken(input, random, { words }) {
    // Text between two marks of JSON, so that values are swapped whole.
    const marks = [...input.keys()].filter((at) => input[at] === 0x22 || input[at] === 0x3a || input[at] === 0x2c);
    const from = marks[below(random, marks.length)];
    if (from === undefined) return new Uint8Array(input);
    const to = marks.find((mark) => mark > from) ?? input.length;
    return joined(input.subarray(0, from + 1), pick(words, random), input.subarray(to));
  },
  function splice(input, random, { corpus }) {
    const other = pick(corpus, random);
    return joined(input.subarray(0, below(random, input.length + 1)), other.subarray(below(random, other.length + 1)));
  },
];

/** A changed copy of `input`: mostly one change, sometimes several. */
export function mutate(input: Uint8Array, random: Random, source: MutationSource): Uint8Array {
  let output = input;
  do {
    const mutator = pick(mutators, random);
    output = mutator(output.length === 0 ? pick(source.corpus, random) : output, random, source);
  } while (random() < 0.4);
  return output.length > MAX_INPUT ? output.subarray(0, MAX_INPUT) : output;
}

function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

function pick<T>(list: readonly T[], random: Random): T {
  const item = list[below(random, list.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

function piece(input: Uint8Array, random: Random): [number, number] {
  const from = below(random, input.length);
  return [from, from + 1 + below(random, Math.min(64, input.length - from))];
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

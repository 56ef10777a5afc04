import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// One input a line, as a JSON string with a character per byte: readable where the input is, and a diff shows what came.

const folder = join(import.meta.dirname, 'corpus');

/** The inputs kept for a target, none when there is no file yet. */
export function readCorpus(name: string): Uint8Array[] {
  const path = pathOf(name);
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
  return lines.filter((line) => line !== '').map(decodeInput);
}

export function writeCorpus(name: string, inputs: readonly Uint8Array[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(pathOf(name), inputs.map((input) => `${encodeInput(input)}\n`).join(''));
}

export function encodeInput(input: Uint8Array): string {
  // Everything but visible ASCII as an escape, so that any editor leaves the file as it is.
  return JSON.stringify(Buffer.from(input).toString('latin1')).replace(
    /[\x7f-\xff]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
}

export function decodeInput(line: string): Uint8Array {
  const text: unknown = JSON.parse(line);
  if (typeof text !== 'string') throw new Error('a line of a corpus must be a JSON string');
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

function pathOf(name: string): string {
  return join(folder, `${name}.jsonl`);
}

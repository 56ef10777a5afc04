import { resolve } from 'node:path';
import type { Vite } from 'vitest/node';

const root = resolve(import.meta.dirname, '../..');

/** A change of a source text. Each text to replace occurs exactly once in the file, or the bug would not be the one that is meant. */
export type Edit = readonly [from: string, to: string];

/** The source with the edits in it. Throws when a text to replace is not there exactly once. */
export function edited(source: string, edits: readonly Edit[], file: string): string {
  return edits.reduce((text, [from, to]) => {
    const found = text.split(from).length - 1;
    if (found !== 1) throw new Error(`${file} has this text ${found} times, not once: ${from}`);
    return text.replace(from, () => to);
  }, source);
}

/** Lets tests load `file` (from the root of the checkout) with the edits in it; the file on disk stays as it is. */
export function plant(file: string, edits: readonly Edit[]): { readonly plugin: Vite.Plugin; isLoaded(): boolean } {
  const path = resolve(root, file);
  let loaded = false;
  const plugin: Vite.Plugin = {
    name: 'plant-a-bug',
    // Before types are stripped: the edits are of the text that people read.
    enforce: 'pre',
    transform(source, id) {
      if (id !== path) return undefined;
      loaded = true;
      return edited(source, edits, file);
    },
  };
  return { plugin, isLoaded: () => loaded };
}

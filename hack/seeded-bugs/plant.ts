import { resolve } from 'node:path';
import type { Vite } from 'vitest/node';
import { type Edit, edited } from './edit.ts';

const root = resolve(import.meta.dirname, '../..');

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

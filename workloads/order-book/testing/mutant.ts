import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Edit, edited } from '../../../hack/seeded-bugs/edit.ts';

/** A bug as a change of the source text. */
export interface Mutation {
  readonly name: string;
  /** Relative to the package, such as `engine/book.ts`. */
  readonly file: string;
  readonly edits: readonly Edit[];
}

const root = join(import.meta.dirname, '..');
// Within the checkout, so that the copy finds its dependencies; the folder is ignored by git.
const place = join(root, '../../.cache/mutants');

/** Imports `entries` from a copy of the sources with `mutation` in it. Throws when the source no longer holds the text to replace. */
export async function loadMutant(mutation: Mutation, entries: readonly string[]): Promise<unknown[]> {
  const directory = copyMutant(mutation);
  try {
    const modules: unknown[] = [];
    for (const entry of entries) {
      modules.push(await import(/* @vite-ignore */ pathToFileURL(join(directory, entry)).href));
    }
    return modules;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Makes a copy of the sources with `mutation` in it, for a process of its own. Returns its folder, which is the caller's to remove. */
export function copyMutant(mutation: Mutation): string {
  mkdirSync(place, { recursive: true });
  const directory = mkdtempSync(join(place, 'm-'));
  try {
    cpSync(root, directory, { recursive: true, filter: isSource });
    const path = join(directory, mutation.file);
    writeFileSync(path, edited(readFileSync(path, 'utf8'), mutation.edits, mutation.file));
    return directory;
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

function isSource(path: string): boolean {
  const name = basename(path);
  return name !== 'testing' && name !== 'node_modules' && !name.endsWith('.test.ts');
}

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** One generated file; `path` is relative to the root of the repository. */
export interface GeneratedFile {
  readonly path: string;
  readonly content: string;
}

/** A source of generated files. Register it in `generators.ts`. */
export interface Generator {
  readonly name: string;
  /** Directories that hold nothing but its files: what it no longer makes is removed from them. */
  readonly directories: readonly string[];
  files(): readonly GeneratedFile[];
}

export interface Difference {
  readonly path: string;
  readonly kind: 'missing' | 'changed' | 'left over';
}

/** Where the files below `root` differ from what the generators make, in path order. */
export function differences(root: string, generators: readonly Generator[]): Difference[] {
  const found: Difference[] = [];
  for (const generator of generators) {
    const files = generator.files();
    for (const { path, content } of files) {
      const full = join(root, path);
      if (!existsSync(full)) found.push({ path, kind: 'missing' });
      else if (readFileSync(full, 'utf8') !== content) found.push({ path, kind: 'changed' });
    }
    for (const path of leftOver(root, generator, files)) found.push({ path, kind: 'left over' });
  }
  return found.sort((a, b) => a.path.localeCompare(b.path));
}

/** Makes the files below `root` equal to what the generators make; returns what had to change. */
export function generate(root: string, generators: readonly Generator[]): Difference[] {
  const found = differences(root, generators);
  const contents = new Map(
    generators.flatMap((generator) => generator.files().map((file) => [file.path, file.content])),
  );
  for (const { path, kind } of found) {
    const full = join(root, path);
    if (kind === 'left over') {
      rmSync(full);
      continue;
    }
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, contents.get(path) ?? '');
  }
  return found;
}

function leftOver(root: string, generator: Generator, files: readonly GeneratedFile[]): string[] {
  const made = new Set(files.map((file) => file.path));
  return generator.directories
    .filter((directory) => existsSync(join(root, directory)))
    .flatMap((directory) => readdirSync(join(root, directory)).map((name) => `${directory}/${name}`))
    .filter((path) => !made.has(path));
}

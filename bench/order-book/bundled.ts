import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { imageContents, writeContents } from '../../hack/images/contents.ts';
import { imageSources } from '../../hack/images/sources.ts';

const root = resolve(import.meta.dirname, '../..');
const image = imageSources['order-book'];
const bundles = new Map<string, Promise<string>>();

/** A program with its arguments, as a container of the order book's image would run it. */
export interface BundledProgram {
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Bundles a program as the image does, with the threads of the book beside it. From its sources a book is slower than anybody runs it:
 * V8 folds the constants of one module, and loads those of another each time.
 */
export async function bundled(
  entry: string,
  args: readonly string[],
  flags: readonly string[] = [],
): Promise<BundledProgram> {
  const written = bundles.get(entry) ?? write(entry);
  bundles.set(entry, written);
  return { command: [process.execPath, ...flags, await written, ...args], env: { ...process.env, ...environment() } };
}

/** Runs a program of this folder to its end and resolves to what it prints. */
export async function runBundled(file: string, ...args: string[]): Promise<string> {
  const { command, env } = await bundled(join(import.meta.dirname, file), args);
  const [program = '', ...rest] = command;
  const { stdout } = await promisify(execFile)(program, rest, { env });
  return stdout;
}

async function write(entry: string): Promise<string> {
  const name = basename(entry, '.ts');
  const folder = join(root, '.cache/bench-order-book/bundles', name);
  // It is measured beside the threads of the book.
  const threads = [...image.threads, 'bench/order-book/journal-writer.ts'];
  await writeContents(folder, await imageContents(root, name, { ...image, entry, threads }, folder));
  return join(folder, `${name}.js`);
}

/** What the image sets itself; what its build sets does not concern a measurement. */
function environment(): Record<string, string> {
  const lines = readFileSync(join(root, image.dockerfile), 'utf8').matchAll(/^ENV (\w+)=([^$\s]+)$/gm);
  return Object.fromEntries(Array.from(lines, ([, name, value]) => [name, value]));
}

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Writes a file so that a reader sees the old content or the new, never a part. */
export async function writeWhole(path: string, content: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, content, { mode });
  await rename(temporary, path);
}

/** Puts a finished file or folder in the place of whatever is at `path`. */
export async function putInPlace(finished: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { recursive: true, force: true });
  await rename(finished, path);
}

/** An empty folder at `path`, whatever was there. */
export async function emptyFolder(path: string): Promise<string> {
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { recursive: true });
  return path;
}

/** SHA-256 over texts, each with its length, in hex. */
export function digestOf(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex');
}

/** Digest of a file, or of all files below a folder with their names. */
export function contentDigest(path: string): string {
  if (!statSync(path).isDirectory()) return digestOf([readFileSync(path, 'latin1')]);
  const names = readdirSync(path).sort();
  return digestOf(names.flatMap((name) => [name, contentDigest(join(path, name))]));
}

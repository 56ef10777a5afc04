import { fdatasyncSync, openSync, writeSync } from 'node:fs';

const zeros = Buffer.alloc(1 << 20);

/** A new file with so many zeros on disk, as the journal has its files before it writes. Returns its descriptor. */
export function openFileOfZeros(path: string, bytes: number): number {
  const file = openSync(path, 'w');
  for (let at = 0; at < bytes; at += zeros.length) writeSync(file, zeros, 0, zeros.length, at);
  fdatasyncSync(file);
  return file;
}

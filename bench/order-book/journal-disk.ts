import { closeSync, fdatasyncSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openFileOfZeros } from './file-of-zeros.ts';

/**
 * In a process of its own: `<directory> <bytes> <everyMs> <seconds>` writes so many bytes by the clock into a file of zeros, forces them
 * to disk each time, awake in between as the loop of the benchmark is, and prints the milliseconds from the time at which each was due
 * to its fdatasync. What a disk can do at best.
 */
const [directory = '', ...numbers] = process.argv.slice(2);
const [bytes = 0, everyMs = 0, seconds = 0] = numbers.map(Number);
const path = join(directory, 'disk');
const count = Math.floor((seconds * 1_000) / everyMs);
const file = openFileOfZeros(path, count * bytes);
const content = Buffer.alloc(bytes, 1);
const latencies: number[] = [];
const started = performance.now();
for (let index = 0; index < count; index++) {
  const due = started + index * everyMs;
  while (performance.now() < due);
  writeSync(file, content, 0, bytes, index * bytes);
  fdatasyncSync(file);
  latencies.push(performance.now() - due);
}
closeSync(file);
unlinkSync(path);
console.log(JSON.stringify(latencies));

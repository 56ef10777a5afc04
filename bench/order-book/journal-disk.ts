import { closeSync, fdatasyncSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/**
 * In a process of its own: `<directory> <bytes> <everyMs> <seconds>` writes so many bytes by the clock into a file of zeros, forces them
 * to disk each time, awake in between as the loop of the benchmark is, and prints the milliseconds from the time at which each was due
 * to its fdatasync. What a disk can do at best.
 */
const [directory = '', ...numbers] = process.argv.slice(2);
const [bytes = 0, everyMs = 0, seconds = 0] = numbers.map(Number);
const path = join(directory, 'disk');
const file = openSync(path, 'w');
const count = Math.floor((seconds * 1_000) / everyMs);
const zeros = Buffer.alloc(1 << 20);
for (let at = 0; at < count * bytes; at += zeros.length) writeSync(file, zeros, 0, zeros.length, at);
fdatasyncSync(file);
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

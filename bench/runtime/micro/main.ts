/** `make bench-micro`: each part of the runtime by itself, one process each; the figures are kept for bench/RESULTS.md. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { saveMicro } from '../results.ts';

const benches: readonly (readonly string[])[] = [
  ['queue.ts'],
  ['ingest.ts'],
  ['ingest.ts', '--plain'],
  ['ingest.ts', '--metadata'],
  ['--expose-gc', 'sync.ts'],
  ['--expose-gc', 'sync.ts', '--metadata'],
  ['transport.ts'],
];

/** Runs a bench; resolves to its lines for people, and keeps the lines of JSON, which are for programs, to itself. */
async function run(args: readonly string[]): Promise<string[]> {
  const path = args.map((arg) => (arg.endsWith('.ts') ? join(import.meta.dirname, arg) : arg));
  const child = spawn(process.execPath, path, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('{')) continue;
    console.log(line);
    lines.push(line);
  }
  const code = await ended;
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`);
  return lines;
}

const lines: string[] = [];
for (const args of benches) lines.push(...(await run(args)));
await saveMicro(lines);

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runBundled } from './bundled.ts';
import { pace } from './journal-load.ts';
import type { JournalMeasured, JournalTask } from './journal-measure.ts';
import { type JournalFigures, journalSection, type Latency, summary } from './journal-section.ts';
import { conditionsLine, writeSection } from './page.ts';

const rounds = Number(process.env.ROUNDS || 5);
const seconds = Number(process.env.SECONDS || 3);
const cache = join(import.meta.dirname, '../../.cache/bench-order-book');
const run = promisify(execFile);

async function measure(directory: string): Promise<JournalMeasured> {
  const task: JournalTask = { directory, rounds, seconds };
  return JSON.parse(await runBundled('journal-measure.ts', JSON.stringify(task))) as JournalMeasured;
}

/** What the disk takes for the same bytes at the same times. */
async function diskAlone(directory: string, halfLoad: number): Promise<Latency> {
  const { everyMs, bytes } = pace(halfLoad);
  const program = join(import.meta.dirname, 'journal-disk.ts');
  const { stdout } = await run(process.execPath, [program, directory, `${bytes}`, `${everyMs}`, `${seconds}`], {
    maxBuffer: 1 << 24,
  });
  return summary(Float64Array.from(JSON.parse(stdout) as number[]).sort());
}

async function recovery(directory: string): Promise<JournalFigures['recovery']> {
  await runBundled('journal-recovery.ts', 'fill', directory);
  return JSON.parse(await runBundled('journal-recovery.ts', 'recover', directory)) as JournalFigures['recovery'];
}

const conditions = await conditionsLine();
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, 'journal-'));
try {
  const measured = await measure(folder);
  const disk = await diskAlone(folder, measured.halfLoad);
  const recovered = await recovery(join(folder, 'recovery'));
  const text = journalSection({ conditions, ...measured, seconds, disk, recovery: recovered });
  console.log(text);
  if (process.env.WRITE === '1') await writeSection('journal', text);
} finally {
  rmSync(folder, { recursive: true });
}

import { relative } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createCommand, runProgram } from '@sluice/kit';
import { seededRandom } from '@sluice/runtime/testing';
import { InvalidArgumentError, Option } from 'commander';
import { encodeInput, readCorpus, writeCorpus } from './corpus.ts';
import { Coverage } from './coverage.ts';
import { Fuzzer } from './fuzzer.ts';
import { Finding, type Target } from './target.ts';

/** The code whose coverage leads the search: doors, parsers and what turns their input into commands. */
const WATCHED =
  /\/order-book\/(binary|gateway)\/|\/order-book\/exchange\/(decimal|record-entry|order-entry|refusal)\.ts$|\/kit\//;
/** The heap may move by this much after the first tenth of the time: corpus, coverage and what the runtime compiles. */
const HEAP_MIB = 16;
const REPORT_MS = 30_000;

interface Flags {
  minutes: number;
  seed: number;
  write: boolean;
}

function readFlags(): Flags {
  const number = (text: string): number => {
    if (Number(text) > 0) return Number(text);
    throw new InvalidArgumentError('It must be a number above 0.');
  };
  return createCommand('fuzz', 'Searches both parsers of the order book for inputs that break a rule.', '1.0.0')
    .addOption(new Option('--minutes <number>', 'how long').default(10).argParser(number))
    .addOption(new Option('--seed <number>', 'of the random changes').default(1).argParser(number))
    .addOption(new Option('--write', 'keep the inputs that were found in fuzz/corpus').default(false))
    .parse()
    .opts<Flags>();
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heapMiB(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 2 ** 20;
}

async function main(): Promise<void> {
  const { minutes, seed, write } = readFlags();
  const coverage = new Coverage((url) => WATCHED.test(url) && url.startsWith('file:'));
  // Only now: what is compiled before the counters are on has none.
  const { createRestTarget } = await import('./rest-target.ts');
  const { createBinaryTarget } = await import('./binary-target.ts');
  const targets = [await createRestTarget(), await createBinaryTarget()];
  const random = seededRandom(seed);
  const fuzzers = targets.map((target) => ({ target, fuzzer: new Fuzzer(target, random, coverage) }));
  for (const { target, fuzzer } of fuzzers) await fuzzer.learn([...target.seeds, ...readCorpus(target.name)]);

  const startMs = performance.now();
  const endMs = startMs + minutes * 60_000;
  let reportMs = startMs + REPORT_MS;
  let warm: number | undefined;
  while (performance.now() < endMs) {
    for (const { fuzzer } of fuzzers) await fuzzer.step();
    const now = performance.now();
    if (warm === undefined && now - startMs >= (endMs - startMs) / 10) warm = heapMiB();
    if (now >= reportMs) {
      reportMs += REPORT_MS;
      process.stderr.write(`${Math.round((now - startMs) / 1_000)} s: ${fuzzers.map(shown).join(', ')}\n`);
    }
  }
  const seconds = (performance.now() - startMs) / 1_000;
  const end = heapMiB();
  coverage.stop();
  for (const { target, fuzzer } of fuzzers) {
    const perSecond = Math.round(fuzzer.executions / seconds);
    print(
      `${target.name}: ${fuzzer.executions.toLocaleString('en')} executions (${perSecond} a second), ${fuzzer.corpus.length} inputs in the corpus, no finding`,
    );
    if (write) writeCorpus(target.name, smallest(fuzzer.corpus, target));
  }
  printCoverage(coverage);
  const start = warm ?? end;
  print(`heap: ${start.toFixed(1)} MiB after a tenth of the time, ${end.toFixed(1)} MiB at the end`);
  if (end - start > HEAP_MIB) throw new Finding(`the heap grew by ${(end - start).toFixed(1)} MiB`);
}

function shown({ target, fuzzer }: { target: Target; fuzzer: Fuzzer }): string {
  return `${target.name} ${fuzzer.executions} executions, corpus ${fuzzer.corpus.length}`;
}

/** The found inputs without the seeds, which are in the source; the shortest first. */
function smallest(corpus: readonly Uint8Array[], { seeds }: Target): Uint8Array[] {
  const inSource = new Set(seeds.map((seed) => encodeInput(seed)));
  return corpus.filter((input) => !inSource.has(encodeInput(input))).sort((a, b) => a.length - b.length);
}

function printCoverage(coverage: Coverage): void {
  const files = coverage.lines().map(({ file, ...counts }) => ({ file: relative(process.cwd(), file), ...counts }));
  let lines = 0;
  let covered = 0;
  for (const counts of files.sort((a, b) => (a.file < b.file ? -1 : 1))) {
    lines += counts.lines;
    covered += counts.covered;
    print(`${percent(counts.covered, counts.lines)}  ${counts.file}`);
  }
  print(`${percent(covered, lines)}  of ${lines} lines of code`);
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / Math.max(1, whole)).toFixed(1).padStart(5)} %`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

await runProgram(main);

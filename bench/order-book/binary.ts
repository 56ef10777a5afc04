import { join } from 'node:path';
import type { BinaryFigures, BinaryLoad } from './binary-load.ts';
import { type BinaryTrial, binarySection } from './binary-page.ts';
import { conditionsLine, writeSection } from './page.ts';
import { type PinnedServer, runBeside, startPinned, startPinnedBook } from './pinned-book.ts';

const rounds = Number(process.env.ROUNDS || 3);
const seconds = Number(process.env.SECONDS || 4);
// make exports an empty ONLY when none is given.
const only = process.env.ONLY ? process.env.ONLY.split(',') : undefined;
const connections = Number(process.env.CONNECTIONS || 4);
/** Commands of one connection that are always under way in the closed loop. */
const depth = Number(process.env.DEPTH || 3_000);

interface Target {
  readonly name: string;
  /** Starts it in a new directory. */
  readonly start: () => Promise<PinnedServer>;
  /** Commands per second; 0: closed. */
  readonly rates: readonly number[];
}

const CLOSED = 0;
/** The goal, and half of it. */
const GOAL = 500_000;
const HALF = 250_000;
const targets: readonly Target[] = [
  { name: 'echo', start: () => startControl('echo'), rates: [CLOSED] },
  { name: 'port', start: () => startControl('port'), rates: [CLOSED, HALF] },
  { name: 'book', start: () => startBook(), rates: [CLOSED, GOAL, HALF] },
  { name: 'snapshots', start: () => startBook('--snapshot-every', '100000'), rates: [CLOSED, HALF] },
];

function startControl(kind: string): Promise<PinnedServer> {
  return startPinned(join(import.meta.dirname, 'binary-control.ts'), [kind]);
}

async function startBook(...flags: string[]): Promise<PinnedServer> {
  const book = await startPinnedBook(['--binary-port', '0', '--max-pending', '20000', ...flags]);
  return { ...book, port: book.binaryPort };
}

async function measure({ name, start }: Target, rate: number, seed: number): Promise<BinaryTrial> {
  const server = await start();
  const load: BinaryLoad = { port: server.port, connections, seconds, rate, depth, seed };
  const before = server.cpuSeconds();
  const figures = await runBeside<BinaryFigures>('binary-load.ts', load);
  const serverCpu = server.cpuSeconds() - before;
  await server.stop();
  return { target: name, rate, figures, serverCpu };
}

const conditions = await conditionsLine();
const trials: BinaryTrial[] = [];
for (let round = 1; round <= rounds; round++) {
  for (const target of targets) {
    if (only !== undefined && !only.includes(target.name)) continue;
    for (const rate of target.rates) {
      const trial = await measure(target, rate, round);
      trials.push(trial);
      console.error(`round ${round} ${target.name} ${rate}: ${JSON.stringify(trial.figures)}`);
    }
  }
}
const text = binarySection({ conditions, trials, rounds, seconds, connections, depth });
console.log(text);
// A part of the servers is no section.
if (process.env.WRITE === '1' && only === undefined) await writeSection('binary', text);

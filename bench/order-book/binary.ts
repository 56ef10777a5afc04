import type { BinaryFigures, BinaryLoad } from './binary-load.ts';
import { median } from './engine-section.ts';
import { conditionsLine, writeSection } from './page.ts';
import { runBeside, startPinnedBook } from './pinned-book.ts';

const rounds = Number(process.env.ROUNDS || 3);
const seconds = Number(process.env.SECONDS || 4);
const connections = Number(process.env.CONNECTIONS || 4);
/** Commands of one connection that are always under way in the closed loop. */
const depth = Number(process.env.DEPTH || 3_000);
/** 0: closed. The goal, and half of it. */
const rates = (process.env.RATES || '0,500000,250000').split(',').map(Number);

interface Trial {
  readonly rate: number;
  readonly figures: BinaryFigures;
  /** Seconds of CPU that the book used, warm-up included. */
  readonly serverCpu: number;
}

/** A book of its own in a new directory on one core, the load on the other. */
async function measure(rate: number, seed: number): Promise<Trial> {
  const book = await startPinnedBook(['--binary-port', '0', '--max-pending', '20000']);
  const load: BinaryLoad = { port: book.binaryPort, connections, seconds, rate, depth, seed };
  const before = book.cpuSeconds();
  const figures = await runBeside<BinaryFigures>('binary-load.ts', load);
  const serverCpu = book.cpuSeconds() - before;
  await book.stop();
  return { rate, figures, serverCpu };
}

function section(conditions: string, trials: readonly Trial[]): string {
  const rows = rates.map((rate) => {
    const group = trials.filter((trial) => trial.rate === rate);
    const middle = (value: (trial: Trial) => number): number => median(group.map(value));
    return [
      rate === 0 ? `closed, ${connections} × ${depth} under way` : `${rate}/s`,
      Math.round(middle(({ figures }) => figures.perSecond)),
      middle(({ figures }) => figures.p50).toFixed(2),
      middle(({ figures }) => figures.p99).toFixed(2),
      middle(({ figures }) => figures.p999).toFixed(2),
      middle(({ serverCpu, figures }) => (1e6 * serverCpu) / figures.total).toFixed(2),
      middle(({ figures }) => 100 * figures.loadCpu).toFixed(0),
      middle(({ figures }) => (100 * figures.refused) / (figures.done + figures.refused)).toFixed(1),
    ];
  });
  return [
    conditions,
    '',
    `${rounds} rounds of ${seconds} s after 2 s of warm-up, each with a fresh book on one core (all its threads) and our client in another`,
    `process on the other core, over ${connections} TCP connections with an account each. Half of the commands are new orders, four in ten cancel one of the latest`,
    'thousand, one in ten changes one. `--max-pending` is 20,000. A command is answered when it is on disk (fdatasync). A figure is the median of the rounds. In the closed',
    'loop each connection sends as many commands as it got results; in the open loop commands are due at even times, and a latency counts from when its command was due.',
    'Refused are cancels and changes of orders that were filled or cancelled before. Goal: 500,000 per second.',
    '',
    '| loop | commands per second | p50 ms | p99 ms | p99.9 ms | CPU µs per command | CPU of the load, % of a core | refused % |',
    '|---|--:|--:|--:|--:|--:|--:|--:|',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}

const conditions = await conditionsLine();
const trials: Trial[] = [];
for (let round = 1; round <= rounds; round++) {
  for (const rate of rates) {
    const trial = await measure(rate, round);
    trials.push(trial);
    console.error(`round ${round} ${rate}: ${JSON.stringify({ ...trial.figures, serverCpu: trial.serverCpu })}`);
  }
}
const text = section(conditions, trials);
console.log(text);
if (process.env.WRITE === '1') await writeSection('binary', text);

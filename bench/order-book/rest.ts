import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpuSeconds, firstLine, pinned } from './one-core.ts';
import { conditionsLine, writeSection } from './page.ts';
import type { RestFigures, RestLoad } from './rest-load.ts';
import { type RestTrial, restSection } from './rest-page.ts';

const here = import.meta.dirname;
const root = join(here, '../..');
const cache = join(root, '.cache/bench-order-book');
const rounds = Number(process.env.ROUNDS || 3);
const seconds = Number(process.env.SECONDS || 4);
// make exports an empty ONLY when none is given.
const only = process.env.ONLY ? process.env.ONLY.split(',') : undefined;
const connections = Number(process.env.CONNECTIONS || 64);
/** Flags for the node of the book alone, such as --cpu-prof. */
const bookFlags = (process.env.BOOK_FLAGS ?? '').split(' ').filter((flag) => flag !== '');

interface Target {
  readonly name: string;
  /** Starts it in a new directory; resolves to its port. */
  readonly start: (directory: string) => Promise<Server>;
  readonly runs: readonly Pick<RestLoad, 'mix' | 'rate' | 'connections'>[];
}

interface Server {
  readonly process: ChildProcess;
  readonly port: number;
}

const closed = { mix: 'orders', rate: 0, connections } as const;
/** The goal, and half of it. */
const open = { ...closed, rate: 15_000 } as const;
const half = { ...closed, rate: 7_500 } as const;
const targets: readonly Target[] = [
  { name: 'node:http', start: () => startControl('http'), runs: [closed, open] },
  { name: 'fastify', start: () => startControl('fastify'), runs: [closed, open] },
  { name: 'sluice', start: startBook, runs: [closed, { ...closed, mix: 'flow' }, open, half] },
];

async function startControl(kind: string): Promise<Server> {
  const child = pinned(0, [join(here, 'rest-control.ts'), kind]);
  return { process: child, port: Number(await firstLine(child)) };
}

async function startBook(directory: string): Promise<Server> {
  const symbols = join(directory, 'symbols.yaml');
  const limits = 'limits: { maxOrdersPerAccount: 1000000, ordersPerSecondPerAccount: 1000000 }';
  writeFileSync(symbols, `symbols:\n  - { name: BTC-EUR, tickSize: "0.01", lotSize: "0.0001" }\n${limits}\n`);
  const book = join(root, 'workloads/order-book/main.ts');
  const flags = ['--port', '0', '--data', join(directory, 'data'), '--symbols', symbols];
  const child = pinned(0, [...bookFlags, book, ...flags, '--max-open-orders', '10000000']);
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(await firstLine(child))?.[1]);
  return { process: child, port };
}

async function measure(target: Target, run: Target['runs'][number], seed: number): Promise<RestTrial> {
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, 'rest-'));
  const server = await target.start(directory);
  const load: RestLoad = { ...run, port: server.port, seconds, seed };
  const { pid = 0 } = server.process;
  const before = cpuSeconds(pid);
  const generator = pinned(1, [join(here, 'rest-load.ts'), JSON.stringify(load)]);
  const figures = JSON.parse(await firstLine(generator)) as RestFigures;
  const serverCpu = cpuSeconds(pid) - before;
  server.process.kill('SIGTERM');
  await once(server.process, 'exit');
  rmSync(directory, { recursive: true });
  return { target: target.name, mix: run.mix, rate: run.rate, figures, serverCpu };
}

const conditions = await conditionsLine();
const trials: RestTrial[] = [];
for (let round = 1; round <= rounds; round++) {
  for (const target of targets) {
    if (only !== undefined && !only.includes(target.name)) continue;
    for (const run of target.runs) {
      const trial = await measure(target, run, round);
      trials.push(trial);
      console.error(`round ${round} ${target.name} ${run.mix} ${run.rate}: ${JSON.stringify(trial.figures)}`);
    }
  }
}
const text = restSection({ conditions, trials, rounds, seconds, connections });
console.log(text);
if (process.env.WRITE === '1') writeSection('rest', text);

import { join } from 'node:path';
import { conditionsLine, writeSection } from './page.ts';
import { type PinnedServer, runBeside, startPinned, startPinnedBook } from './pinned-book.ts';
import type { RestFigures, RestLoad } from './rest-load.ts';
import { type RestTrial, restSection } from './rest-page.ts';

const rounds = Number(process.env.ROUNDS || 3);
const seconds = Number(process.env.SECONDS || 4);
// make exports an empty ONLY when none is given.
const only = process.env.ONLY ? process.env.ONLY.split(',') : undefined;
const connections = Number(process.env.CONNECTIONS || 64);

interface Target {
  readonly name: string;
  readonly start: () => Promise<PinnedServer>;
  readonly runs: readonly Pick<RestLoad, 'mix' | 'rate' | 'connections'>[];
}

const closed = { mix: 'orders', rate: 0, connections } as const;
/** The goal, and half of it. */
const open = { ...closed, rate: 15_000 } as const;
const half = { ...closed, rate: 7_500 } as const;
const targets: readonly Target[] = [
  { name: 'node:http', start: () => startControl('http'), runs: [closed, open] },
  { name: 'fastify', start: () => startControl('fastify'), runs: [closed, open] },
  { name: 'sluice', start: startPinnedBook, runs: [closed, { ...closed, mix: 'flow' }, open, half] },
];

function startControl(kind: string): Promise<PinnedServer> {
  return startPinned(join(import.meta.dirname, 'rest-control.ts'), [kind]);
}

async function measure(target: Target, run: Target['runs'][number], seed: number): Promise<RestTrial> {
  const server = await target.start();
  const load: RestLoad = { ...run, port: server.port, seconds, seed };
  const before = server.cpuSeconds();
  const figures = await runBeside<RestFigures>('rest-load.ts', load);
  const serverCpu = server.cpuSeconds() - before;
  await server.stop();
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
if (process.env.WRITE === '1') await writeSection('rest', text);

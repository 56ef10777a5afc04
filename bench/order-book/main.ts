import { execFile } from 'node:child_process';
import { loadavg } from 'node:os';
import { promisify } from 'node:util';
import { engineSection, type Trial } from './engine-section.ts';
import { engines, findWorkloads, prepare } from './engines.ts';
import { conditionsLine, writeSection } from './page.ts';
import type { Pass } from './passes.ts';

const run = promisify(execFile);
const rounds = Number(process.env.ROUNDS || 5);
// make exports an empty ONLY when none is given.
const only = process.env.ONLY ? process.env.ONLY.split(',') : undefined;
const selected = engines.filter(({ name }) => only === undefined || only.some((part) => name.includes(part)));

prepare(selected);
const workloads = findWorkloads();
const conditions = await conditionsLine();
const trials: Trial[] = [];
for (let round = 1; round <= rounds; round++) {
  for (const workload of workloads) {
    for (const engine of selected) {
      const [program, ...args] = engine.command(workload);
      const { stdout } = await run(program, args);
      const passes = JSON.parse(stdout) as Pass[];
      trials.push({ engine, workload: workload.name, passes });
      console.error(`round ${round} ${workload.name} ${engine.name}: ${passes.length} passes`);
    }
  }
}
const text = engineSection({ trials, rounds, conditions, loadAtEnd: loadavg()[0] ?? 0 });
console.log(text);
// A choice of engines is for looking at them, not for the page.
if (process.env.WRITE === '1' && only === undefined) await writeSection('engine', text);

/**
 * The fault campaign over all controllers: RUNS runs from seed FIRST (0) on, or the one run of SEED, of all kinds or of KIND.
 * Each run plays a scenario under the faults that its seed draws, on an API server in memory, and must end as without them.
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { type KindName, kinds } from '@sluice/api';
import { systemClock } from '@sluice/runtime';
import type { Verdict } from '@sluice/runtime/testing';
import { seedsFrom } from '../../operator/controllers/testing/campaign.ts';
import { createScreen } from '../screen/screen.ts';
import { replay } from './replay.ts';
import { readRequest, UsageError } from './request.ts';
import { Tally } from './tally.ts';

/** As many runs are handed to a worker at a time: those of one scenario. */
const PORTION = 10;
const WORKERS = Math.min(2, availableParallelism());

async function campaign(first: number, runs: number, wanted: readonly KindName[]): Promise<number> {
  const seeds = seedsFrom(first, runs, wanted);
  const screen = createScreen(systemClock, process.stdout);
  const step = screen.step('fault campaign');
  const tally = new Tally();
  const take = (verdict: Verdict): void => {
    tally.add(verdict);
    for (const failure of verdict.failures) {
      screen.line(`SEED=${verdict.seed} ${verdict.scenario}: ${failure.slice(0, 500)}`);
    }
    step.update(tally.progress(runs));
  };
  await Promise.all(Array.from({ length: WORKERS }, () => work(seeds, take)));
  if (tally.failedSeeds.length === 0) step.done(tally.progress(runs));
  else step.fail(tally.progress(runs));
  process.stdout.write(tally.report());
  return tally.failedSeeds.length === 0 ? 0 : 1;
}

/** One process that plays portions of `seeds` until none are left. */
function work(seeds: number[], take: (verdict: Verdict) => void): Promise<void> {
  const worker = fork(new URL('worker.ts', import.meta.url), { serialization: 'advanced' });
  let owed = 0;
  const next = (): void => {
    const portion = seeds.splice(0, PORTION);
    owed = portion.length;
    if (owed > 0) worker.send(portion);
    else worker.disconnect();
  };
  return new Promise((resolve, reject) => {
    worker.on('message', (verdict) => {
      take(verdict as Verdict);
      if (--owed === 0) next();
    });
    worker.on('exit', (code) => {
      if (owed === 0) resolve();
      else reject(new Error(`a worker ended with ${code} while it owed ${owed} runs`));
    });
    next();
  });
}

try {
  const { runs, first, seed, wanted } = readRequest(process.env, Object.keys(kinds) as KindName[]);
  process.exitCode = seed === undefined ? await campaign(first, runs, wanted) : await replay(seed);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`campaign: ${error.message}\n`);
  process.exitCode = 2;
}

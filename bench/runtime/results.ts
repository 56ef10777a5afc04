import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { run } from '../../hack/cluster/command.ts';
import { writeWhole } from '../../hack/cluster/files.ts';
import type { IdleFigures } from './idle.ts';
import { places } from './layout.ts';
import { type OperatorName, operatorNames } from './operators.ts';
import type { TrialFigures } from './trial.ts';

/** Where and with what a measurement was made. */
export interface Conditions {
  readonly date: string;
  readonly commit: string;
  readonly version: string;
  readonly machine: string;
}

export interface Trials extends Conditions {
  readonly rounds: readonly TrialFigures[];
  /** Why a round has no figures. */
  readonly failures: readonly string[];
}

export interface OperatorResults {
  /** By number of resources. */
  readonly trials: Readonly<Record<string, Trials>>;
  readonly idle?: Conditions & { readonly figures: IdleFigures };
}

/** What was measured last, for each operator and size; a later run of `make bench-runtime` replaces what it measures. */
export type Results = Partial<Record<OperatorName, OperatorResults>>;

/** The lines of the micro-benchmarks, each `name: what came out`. */
export interface MicroResults extends Conditions {
  readonly lines: readonly string[];
}

const path = join(places.results, 'results.json');
const microPath = join(places.results, 'micro.json');

export async function readResults(): Promise<Results> {
  if (!existsSync(path)) return {};
  const parsed: unknown = JSON.parse(await readFile(path, 'utf8'));
  if (typeof parsed !== 'object' || parsed === null) throw new Error(`${path} is not an object: remove it`);
  for (const name of Object.keys(parsed)) {
    if (!operatorNames.some((known) => known === name)) throw new Error(`${path} knows an unknown operator ${name}`);
  }
  return parsed;
}

/** Saved after every round: an interrupted run keeps what it has. */
export async function saveResults(results: Results): Promise<void> {
  await writeWhole(path, `${JSON.stringify(results, undefined, 2)}\n`);
}

export async function readMicro(): Promise<MicroResults | undefined> {
  if (!existsSync(microPath)) return undefined;
  const parsed: MicroResults = JSON.parse(await readFile(microPath, 'utf8'));
  return parsed;
}

export async function saveMicro(lines: readonly string[]): Promise<void> {
  await writeWhole(microPath, `${JSON.stringify({ ...(await conditions(process.version)), lines }, undefined, 2)}\n`);
}

export async function conditions(version: string): Promise<Conditions> {
  const commit = (await run('git', ['rev-parse', '--short', 'HEAD'], { cwd: places.root })).trim();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${memory}, Linux ${release().split('-')[0]}`;
  return { date: new Date().toISOString(), commit, version, machine };
}

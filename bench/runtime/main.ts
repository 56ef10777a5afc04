/** `make bench-runtime`: the same operator in seven runtimes, side by side. What it measures is in bench/README.md. */
import { ClusterError } from '../../hack/cluster/errors.ts';
import { measureIdle } from './idle.ts';
import { type OperatorName, operatorNames, operators } from './operators.ts';
import { runtimeTables } from './page.ts';
import { conditions, type OperatorResults, readResults, saveResults, type Trials } from './results.ts';
import { type TrialFigures, trial } from './trial.ts';

const IDLE_RESOURCES = 1_000;

interface Options {
  readonly sizes: readonly number[];
  readonly rounds: number;
  readonly only: readonly OperatorName[];
  readonly idleSeconds: number;
}

class UsageError extends Error {}

function parseOptions(env: NodeJS.ProcessEnv): Options {
  const only = (env.ONLY || operatorNames.join(',')).split(',').map((name) => {
    const known = operatorNames.find((candidate) => candidate === name.trim());
    if (known === undefined) throw new UsageError(`ONLY=${name}: the runtimes are ${operatorNames.join(', ')}`);
    return known;
  });
  const number = (name: string, text: string, least: number): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least)
      throw new UsageError(`${name}=${text} is not a number from ${least}`);
    return value;
  };
  return {
    sizes: (env.RESOURCES || '1000').split(',').map((size) => number('RESOURCES', size, 1)),
    rounds: number('ROUNDS', env.ROUNDS || '3', 0),
    only,
    idleSeconds: number('IDLE', env.IDLE || '300', 0),
  };
}

type Subject = { operator: (typeof operators)[number]; command: readonly string[]; version: string };

async function buildAll(only: readonly OperatorName[]): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const operator of operators.filter(({ name }) => only.includes(name))) {
    console.log(`building ${operator.name}, which is quick unless it is the first time`);
    const started = performance.now();
    const [command, version] = [await operator.build(), await operator.version()];
    tell(`${operator.name} ${version} is built`, started);
    subjects.push({ operator, command, version });
  }
  return subjects;
}

/** Rounds of all operators in turn, so that what the machine does meanwhile falls on all of them. */
async function compare(subjects: readonly Subject[], size: number, rounds: number): Promise<void> {
  const done = new Map<OperatorName, { rounds: TrialFigures[]; failures: string[] }>();
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < subjects.length; turn++) {
      // Each round starts with another one: nobody is always first.
      const subject = subjects[(turn + round) % subjects.length];
      if (subject === undefined) continue;
      const { name } = subject.operator;
      const figures = done.get(name) ?? { rounds: [], failures: [] };
      done.set(name, figures);
      const started = performance.now();
      const what = `${size} resources, round ${round + 1}: ${name}`;
      try {
        const one = await trial(`${name}-${size}-${round + 1}`, subject.command, size);
        figures.rounds.push(one);
        tell(`${what}: ${summary(one)}`, started);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        figures.failures.push(message);
        tell(`${what} failed: ${message}`, started);
      }
      await keep(subject, (old, made) => ({ ...old, trials: { ...old.trials, [size]: { ...made, ...figures } } }));
    }
  }
}

async function idle(subjects: readonly Subject[], seconds: number): Promise<void> {
  const started = performance.now();
  tell(`bringing ${subjects.length} operators to rest, then ${seconds} s of watching them`, started);
  await measureIdle(subjects, { resources: IDLE_RESOURCES, seconds }, async (operator, outcome) => {
    const subject = subjects.find((candidate) => candidate.operator === operator);
    if (outcome instanceof Error || subject === undefined) {
      tell(`${operator.name} did not come to rest: ${String(outcome)}`, started);
      return;
    }
    await keep(subject, (old, made) => ({ ...old, idle: { ...made, figures: outcome } }));
    tell(`${operator.name} idle: ${outcome.writes} writes, ${Math.round(outcome.rssMb)} MB`, started);
  });
}

async function keep(
  { operator, version }: Subject,
  change: (old: OperatorResults, made: Omit<Trials, 'rounds' | 'failures'>) => OperatorResults,
): Promise<void> {
  const results = await readResults();
  const old = results[operator.name] ?? { trials: {} };
  await saveResults({ ...results, [operator.name]: change(old, await conditions(version)) });
}

function summary({
  readySeconds,
  callsPerResource,
  pacedP50Ms,
  pacedP99Ms,
  cpuSeconds,
  peakRssMb,
}: TrialFigures): string {
  const parts = [
    `all Ready in ${readySeconds.toFixed(2)} s`,
    `${callsPerResource.toFixed(2)} calls each`,
    `p50 ${pacedP50Ms.toFixed(1)} ms, p99 ${pacedP99Ms.toFixed(1)} ms`,
    `${cpuSeconds.toFixed(1)} s CPU`,
    `${peakRssMb.toFixed(0)} MB`,
  ];
  return parts.join(', ');
}

function tell(line: string, startedAt: number): void {
  console.log(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${line}`);
}

try {
  const options = parseOptions(process.env);
  const subjects = await buildAll(options.only);
  for (const size of options.sizes) await compare(subjects, size, options.rounds);
  if (options.idleSeconds > 0) await idle(subjects, options.idleSeconds);
  console.log(`\n${runtimeTables(await readResults())}`);
} catch (error) {
  if (!(error instanceof UsageError || error instanceof ClusterError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

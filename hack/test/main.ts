/**
 * `make test`: everything, in order, with one line of progress per stage and a total at the end that machines read:
 * `N passed, N failed`. `--only a,b` runs some stages; `--list` names them.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Count, countExit, countGo, countVitest, type Stage, stages } from './stages.ts';

const root = resolve(import.meta.dirname, '../..');
const reports = join(root, '.cache/test-reports');

interface Finished {
  readonly exitCode: number | null;
  readonly lines: readonly string[];
  readonly timedOut: boolean;
}

/** The process group of the running stage: an interrupt ends it too, although it is not in the terminal's group. */
let running: number | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    if (running !== undefined) process.kill(-running, signal);
    process.exit(130);
  });
}

function run(stage: Stage, extraArguments: readonly string[]): Promise<Finished> {
  const [command, ...args] = stage.command;
  return new Promise((settle) => {
    const child = spawn(command, [...args, ...extraArguments], {
      cwd: join(root, stage.cwd ?? '.'),
      // The Node 24 of node_modules first, whatever the machine has.
      env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}` },
      stdio: ['ignore', stage.counts === 'go' ? 'pipe' : 'inherit', 'inherit'],
      // A group of its own, so that a stage over its limit ends with its children.
      detached: true,
    });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, stage.limitMinutes * 60_000);
    running = child.pid;
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      console.error(`${stage.name}: ${command} could not be started: ${error.message}`);
      settle({ exitCode: 127, lines: [], timedOut });
    });
    child.on('close', (exitCode) => {
      clearTimeout(timer);
      running = undefined;
      settle({ exitCode, lines: text.split('\n'), timedOut });
    });
  });
}

function readReport(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function printGoFailures(lines: readonly string[]): void {
  for (const line of lines) {
    if (!line.startsWith('{')) {
      if (line !== '') console.error(line);
      continue;
    }
    const { Action, Output } = JSON.parse(line) as { Action?: string; Output?: string };
    if ((Action === 'output' || Action === 'build-output') && Output !== undefined) process.stderr.write(Output);
  }
}

async function runStage(stage: Stage): Promise<Count> {
  const report = join(reports, `${stage.name}.json`);
  rmSync(report, { force: true });
  const reporters =
    stage.counts === 'vitest' ? ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`] : [];
  const { exitCode, lines, timedOut } = await run(stage, reporters);
  if (timedOut) console.error(`${stage.name}: ended after its limit of ${stage.limitMinutes} minutes`);
  if (stage.counts === 'go') {
    const count = countGo(lines, exitCode);
    if (count.failed > 0) printGoFailures(lines);
    return count;
  }
  return stage.counts === 'one' ? countExit(exitCode) : countVitest(readReport(report), exitCode);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: 'string' }, list: { type: 'boolean' } } });
  const all = stages(process.execPath);
  if (values.list === true) {
    for (const stage of all) console.log(`${stage.name.padEnd(12)} ${stage.about}`);
    return;
  }
  const wanted = values.only?.split(',');
  const unknown = wanted?.filter((name) => !all.some((stage) => stage.name === name)) ?? [];
  if (unknown.length > 0) {
    console.error(`unknown stage ${unknown.join(', ')}; there are ${all.map((stage) => stage.name).join(', ')}`);
    process.exit(2);
  }
  const chosen = all.filter((stage) => wanted === undefined || wanted.includes(stage.name));
  mkdirSync(reports, { recursive: true });
  const started = performance.now();
  const total = { passed: 0, failed: 0 };
  const summary: string[] = [];
  for (const [index, stage] of chosen.entries()) {
    console.log(`\n[${index + 1}/${chosen.length}] ${stage.name}: ${stage.about}`);
    const from = performance.now();
    const { passed, failed } = await runStage(stage);
    total.passed += passed;
    total.failed += failed;
    const seconds = Math.round((performance.now() - from) / 1000);
    summary.push(
      `  ${stage.name.padEnd(12)} ${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed ${String(seconds).padStart(6)} s`,
    );
  }
  console.log(`\n${summary.join('\n')}\n  in all ${Math.round((performance.now() - started) / 1000)} s\n`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}

await main();

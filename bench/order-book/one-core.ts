import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { BundledProgram } from './bundled.ts';

/** Runs a program on one core, all its threads: the server has one, the load the other. */
export function pinned(core: number, { command, env }: BundledProgram): ChildProcess {
  const onOneCore = cpus().length > 1 ? ['taskset', '-c', String(core)] : [];
  const [program = '', ...args] = [...onOneCore, ...command];
  return spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
}

/** The output up to and with the first line end, of a program that runs on. */
export async function firstLine(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    if (text.includes('\n')) return text;
  }
  throw new Error(`${child.spawnargs.join(' ')} ended before it was up`);
}

/** Seconds of CPU that a process has used, of all its threads. Linux counts in hundredths. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

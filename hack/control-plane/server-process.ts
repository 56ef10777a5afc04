import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One program of the control plane, running. */
export interface ServerProcess {
  readonly name: string;
  readonly pid: number;
  /** Undefined while it runs; otherwise what to tell about its end, with the last lines of its log. */
  ended(): Promise<string | undefined>;
  /** Sends SIGTERM, SIGKILL after 5 s, and resolves when it is gone. */
  stop(): Promise<void>;
}

const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

/** The kernel then ends the child when we die, however we die: a killed test run leaves no API server behind. */
export function dyingWithUs(command: readonly string[]): readonly string[] {
  return setpriv === undefined ? command : [setpriv, '--pdeathsig', 'KILL', ...command];
}

/** Starts `command`; its output goes to `<directory>/<name>.log`. */
export function startServer(name: string, command: readonly string[], directory: string): ServerProcess {
  const log = join(directory, `${name}.log`);
  const file = openSync(log, 'a');
  const [program = '', ...args] = dyingWithUs(command);
  const child = spawn(program, args, { stdio: ['ignore', file, file], cwd: directory });
  const exited = new Promise<void>((settle) => {
    child.once('exit', () => settle());
    child.once('error', () => settle());
  });
  return {
    name,
    pid: child.pid ?? 0,
    ended: () => describeEnd(name, child, log),
    stop: () => stop(child, exited),
  };
}

async function describeEnd(name: string, child: ChildProcess, log: string): Promise<string | undefined> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) return undefined;
  const tail = (await readFile(log, 'utf8')).trimEnd().split('\n').slice(-5).join('\n');
  return `${name} ended (${child.signalCode ?? child.exitCode ?? 'not started'}); the end of ${log}:\n${tail}`;
}

async function stop(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), 5000);
  await exited;
  clearTimeout(hard);
}

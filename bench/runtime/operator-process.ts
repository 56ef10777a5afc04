import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { dyingWithUs } from '../../hack/control-plane/server-process.ts';

/** An operator under test, running as a process of its own. */
export interface OperatorProcess {
  readonly pid: number;
  /** Aborts, with the end of its log as the reason, when the process ends before it is told to. */
  readonly failed: AbortSignal;
  /** SIGTERM, and SIGKILL after 10 s. */
  stop(): Promise<void>;
}

/** Starts `command`; what it says goes to the file `log`. */
export async function startOperator(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  log: string,
): Promise<OperatorProcess> {
  await mkdir(dirname(log), { recursive: true });
  const file = openSync(log, 'w');
  const [program = '', ...args] = dyingWithUs(command);
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', file, file] });
  const failed = new AbortController();
  let stopping = false;
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      failed.abort(error);
      resolve();
    });
    child.once('exit', () => {
      resolve();
      if (!stopping) void endOf(child, log).then((reason) => failed.abort(new Error(reason)));
    });
  });
  return {
    pid: child.pid ?? 0,
    failed: failed.signal,
    async stop() {
      stopping = true;
      child.kill('SIGTERM');
      const hard = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(hard);
    },
  };
}

async function endOf({ exitCode, signalCode }: ChildProcess, log: string): Promise<string> {
  const lines = (await readFile(log, 'utf8')).trim().split('\n');
  return `the operator ended by itself (${signalCode ?? exitCode}): ${lines.slice(-3).join('; ').slice(-300)}`;
}

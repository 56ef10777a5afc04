import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ClusterError } from './errors.ts';

export interface CommandOptions {
  /** Default: this process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Standard input. Default: none. */
  readonly input?: string;
  /** The command is killed after so many milliseconds and counts as failed. */
  readonly timeoutMs?: number;
  /** Everything the command says is added to this file too. */
  readonly log?: string;
  readonly signal?: AbortSignal;
}

/** What a command said and how it ended. `code` is null when a signal ended it. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. Rejects only when it cannot be started (SLUICE_TOOL_MISSING) or was aborted. */
export async function attempt(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  if (options.log) await mkdir(dirname(options.log), { recursive: true });
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: options.env ?? process.env,
      cwd: options.cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
      signal: options.signal,
    });
    const log = options.log ? createWriteStream(options.log, { flags: 'a' }) : undefined;
    log?.write(`$ ${[command, ...args].join(' ')}\n`);
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        said[name] += text;
        log?.write(text);
      });
    }
    // A command that ends without reading its input closes the pipe; how it ended says what matters.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    child.on('error', (error: NodeJS.ErrnoException) => {
      log?.end();
      // EACCES: it was not found, and a folder of the PATH could not be read.
      reject(error.code === 'ENOENT' || error.code === 'EACCES' ? missingTool(command, error) : error);
    });
    child.on('close', (code) => {
      log?.end();
      resolve({ code, ...said });
    });
  });
}

/** Runs a command and returns its standard output. Rejects with SLUICE_COMMAND_FAILED and its last words when it fails. */
export async function run(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await attempt(command, args, options);
  if (result.code === 0) return result.stdout;
  const where = options.log ? `; the whole log is ${options.log}` : '';
  throw new ClusterError(
    'SLUICE_COMMAND_FAILED',
    `${[command, ...args.slice(0, 2)].join(' ')} failed: ${lastWords(result)}${where}`,
  );
}

/** The end of what a failed command said, in one line of at most 300 characters. */
export function lastWords({ code, stdout, stderr }: CommandResult): string {
  const lines = (stderr.trim() || stdout.trim()).split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) return code === null ? 'it was killed' : `exit code ${code}`;
  return lines.slice(-3).join('; ').slice(-300);
}

const howToGet: Record<string, string> = {
  go: 'install Go 1.26.4 or newer',
  docker: 'install the docker client',
  'apt-get': 'only Debian has it; on another system start Docker and give it a way to a registry',
  dpkg: 'only Debian has it; on another system start Docker and give it a way to a registry',
};

function missingTool(command: string, cause: Error): ClusterError {
  const name = command.split('/').at(-1) ?? command;
  return new ClusterError('SLUICE_TOOL_MISSING', `${name} is missing: ${howToGet[name] ?? `install ${name}`}`, {
    cause,
  });
}

import { CodedError } from './errors.ts';

/** The command line or a configuration file is wrong: one line on stderr, exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Runs a program's `main` and turns what it throws into an exit: usage 2, anything else 1. An error that a person can
 * mend is one sentence without a stack; a bug keeps its stack.
 */
export async function runProgram(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    const { code, text } = exitOf(error);
    if (text !== '') process.stderr.write(`${text}\n`);
    process.exit(code);
  }
}

/** Exported for tests: the exit code and the text on stderr for an error. */
export function exitOf(error: unknown): { code: number; text: string } {
  if (!(error instanceof Error)) return { code: 1, text: String(error) };
  if (error instanceof UsageError) return { code: 2, text: oneLine(error.message) };
  if (error.name === 'CommanderError' || error.name === 'InvalidArgumentError') return commanderExit(error);
  if (error instanceof CodedError) return { code: 1, text: oneLine(`${error.code}: ${error.message}`) };
  const { code, port, path, address, hostname } = error as SystemError;
  switch (code) {
    case 'EADDRINUSE':
      return {
        code: 1,
        text: `Port ${port} on ${address} is in use: stop the program that has it, or choose another.`,
      };
    case 'EADDRNOTAVAIL':
      return { code: 1, text: `This machine has no address ${address}: choose another to listen on.` };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return { code: 1, text: `The name ${hostname} cannot be resolved (${code}): give another one, or an address.` };
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return { code: 1, text: `No permission for ${path ?? `port ${port}`}: choose a place this user may use.` };
    case 'ENOENT':
    case 'ENOTDIR':
    case 'EISDIR':
      return path === undefined
        ? bug(error)
        : { code: 1, text: `${path} cannot be used (${code}): choose another path.` };
    case 'ENOSPC':
      return {
        code: 1,
        text: `The disk is full${path === undefined ? '' : ` at ${path}`}: free some space and start again.`,
      };
    default:
      return bug(error);
  }
}

type SystemError = NodeJS.ErrnoException & {
  readonly port?: number;
  readonly address?: string;
  readonly hostname?: string;
};

/** Commander writes help and version itself and throws to leave: that is exit 0 and nothing more to say. */
function commanderExit(error: Error): { code: number; text: string } {
  const { exitCode } = error as Error & { exitCode?: number };
  return exitCode === 0 ? { code: 0, text: '' } : { code: 2, text: oneLine(error.message.replace(/^error: /, '')) };
}

function bug(error: Error): { code: number; text: string } {
  return { code: 1, text: error.stack ?? error.message };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ');
}

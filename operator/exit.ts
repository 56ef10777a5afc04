import { UsageError } from './flags.ts';

/** Exit code and text for what `main` threw: a sentence for what a person can mend, a stack for a bug. */
export function exitOf(error: unknown): { readonly code: 1 | 2; readonly text: string } {
  if (!(error instanceof Error)) return { code: 1, text: String(error) };
  if (error instanceof UsageError) return { code: 2, text: `sluice-operator: ${error.message}` };
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') {
    return { code: 1, text: `sluice-operator: port ${port} is in use: choose another with --metrics-port` };
  }
  return { code: 1, text: error.stack ?? error.message };
}

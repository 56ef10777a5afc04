import { pino } from 'pino';

/** The one logger of every program: JSON lines on stdout, levels of pino. */
export type Logger = pino.Logger;

/** From all to nothing. */
export const logLevels: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** `level`: one of `logLevels`. `name` appears in every line. */
export function createLogger(name: string, level = 'info'): Logger {
  return pino({
    name,
    level,
    base: { name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}

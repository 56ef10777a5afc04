import { pino } from 'pino';
import type { Logger } from '../telemetry/log.ts';
import type { OperatorLogger } from './resource-event.ts';

/** A logger for the runtime whose lines, JSON as everywhere, become messages of the operator's own logger. */
export function bridgeLog(logger: OperatorLogger): Logger {
  const write = (line: string): void => {
    const { level } = JSON.parse(line) as { level: string };
    const message = line.trimEnd();
    if (level === 'error' || level === 'fatal') logger.error(message);
    else if (level === 'warn') logger.warn(message);
    else if (level === 'info') logger.info(message);
    else logger.debug(message);
  };
  return pino({ level: 'debug', base: {}, formatters: { level: (label) => ({ level: label }) } }, { write });
}

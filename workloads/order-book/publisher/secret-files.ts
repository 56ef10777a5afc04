import { readFile } from 'node:fs/promises';
import { CodedError } from '@sluice/kit';
import { errors } from '../errors.ts';
import type { Broker } from './broker.ts';
import { type BrokerTarget, createBroker } from './create-broker.ts';

/** A broker whose secrets stand in files, as data that a thread can be given. */
export interface FileTarget extends Omit<BrokerTarget, 'credentials' | 'ca'> {
  /** Paths. */
  readonly credentialsFile: string | undefined;
  readonly caFile: string | undefined;
}

/**
 * The broker at `target`, with its files read anew for each session: secrets that come late or change need no restart, and a book is
 * not kept from its orders by a file that only publishing needs.
 */
export function createBrokerWithFiles({ credentialsFile, caFile, ...target }: FileTarget): Broker {
  const { description } = createBroker(target);
  return {
    description,
    connect: async (signal) => {
      const credentials = await content('credentials', credentialsFile);
      const ca = await content('certificates', caFile);
      return createBroker({ ...target, credentials, ca }).connect(signal);
    },
  };
}

async function content(what: string, path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const sentence = `The ${what} for the broker cannot be read from ${path} (${code}). Trades wait in the outbox, and it is tried again.`;
    throw new CodedError(errors.publishSecret, sentence, { cause: error });
  }
}

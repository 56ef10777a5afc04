import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CodedError } from '@sluice/kit';
import { errors } from '../errors.ts';
import { fullAtStart } from './failure.ts';

const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;

/**
 * Takes the data directory for this process alone. Returns the function that gives it back. Throws SLUICE_DIRECTORY_IN_USE when
 * another process has it, SLUICE_DISK_FULL or SLUICE_DIRECTORY_UNUSABLE when no lock can be made there.
 *
 * Node has no flock; SQLite takes a lock of the kernel (fcntl) on a file, which ends with the process however it dies. So
 * there is no stale lock file to clean up, and no pid that may have been given to another program.
 */
export function lockDirectory(directory: string): () => void {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(join(directory, 'lock'), { timeout: 1_000 });
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    const { errcode, message } = error as { errcode?: number; message: string };
    if (errcode === SQLITE_BUSY) {
      const sentence = `${directory} is in use by another process: stop it, or choose another --data directory.`;
      throw new CodedError(errors.directoryInUse, sentence, { cause: error });
    }
    if (errcode === SQLITE_FULL) {
      throw fullAtStart(directory, error);
    }
    const why = errcode === SQLITE_CANTOPEN ? 'no file can be opened in it' : message;
    const sentence = `${directory} cannot be used for data (${why}): choose a directory that this user may write.`;
    throw new CodedError(errors.directoryUnusable, sentence, { cause: error });
  }
  const held = database;
  return () => held.close();
}

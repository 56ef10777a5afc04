import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CodedError } from '@sluice/kit';
import { type CounterConfig, emptyRecord, type LedgerRecord } from '../core/record.ts';
import { paddedValue, parseValue } from '../core/value.ts';
import { counterErrors } from '../errors.ts';
import { type Ledger, LedgerConflict } from './ledger.ts';

interface LedgerRow {
  id: string;
  version: number;
  format_version: number;
  epoch: string;
  holder: string;
  lease_ms: number;
  nonce: string;
}

interface MarkRow {
  name: string;
  high: string;
  rest: string | null;
}

const schema = `
  CREATE TABLE IF NOT EXISTS ledger (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL, version INTEGER NOT NULL, format_version INTEGER NOT NULL,
    epoch TEXT NOT NULL, holder TEXT NOT NULL, lease_ms INTEGER NOT NULL, nonce TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, high TEXT NOT NULL, rest TEXT) STRICT;
`;

/**
 * A ledger in one SQLite file, for one process at a time: the file stays locked while it runs, and the kernel drops the
 * lock when it dies, which is proof of death. Each write is on the disk (fsync) before it counts.
 */
export function openFileLedger(folder: string, counters: readonly CounterConfig[]): Ledger {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'ledger.sqlite');
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; BEGIN EXCLUSIVE;');
    database.exec(schema);
    const { changes } = database
      .prepare('INSERT OR IGNORE INTO ledger VALUES (1, ?, 0, ?, ?, ?, ?, ?)')
      .run(...columnsOf(randomUUID(), emptyRecord(counters, 0)));
    if (changes > 0) saveMarks(database, emptyRecord(counters, 0));
    database.exec('COMMIT');
    // The new file's name must be on the disk as well.
    const directory = openSync(folder, 'r');
    fsyncSync(directory);
    closeSync(directory);
  } catch (error) {
    database.close();
    throw openError(error, path);
  }

  return {
    read: async () => readSnapshot(database),
    readFloor: async () => undefined,
    write: async (record, over) => writeRecord(database, record, Number(over.version), over.id),
    close: async () => database.close(),
  };
}

function readSnapshot(database: DatabaseSync) {
  const row = database.prepare('SELECT * FROM ledger').get() as unknown as LedgerRow | undefined;
  if (row === undefined) return undefined;
  const marks = database.prepare('SELECT * FROM mark').all() as unknown as MarkRow[];
  const record: LedgerRecord = {
    formatVersion: row.format_version,
    epoch: parseValue(row.epoch),
    holder: row.holder,
    leaseMs: row.lease_ms,
    nonce: row.nonce,
    marks: new Map(
      marks.map(({ name, high, rest }) => [
        name,
        { high: parseValue(high), ...(rest !== null && { rest: parseValue(rest) }) },
      ]),
    ),
  };
  return { record, version: String(row.version), id: row.id };
}

function writeRecord(database: DatabaseSync, record: LedgerRecord, version: number, id: string): string {
  database.exec('BEGIN EXCLUSIVE');
  try {
    const { formatVersion, epoch, holder, leaseMs, nonce } = record;
    const { changes } = database
      .prepare(
        `UPDATE ledger SET version = version + 1, format_version = ?, epoch = ?, holder = ?, lease_ms = ?, nonce = ?
         WHERE version = ? AND id = ?`,
      )
      .run(formatVersion, paddedValue(epoch), holder, leaseMs, nonce, version, id);
    if (changes !== 1) throw new LedgerConflict(`the ledger is no longer at version ${version}`);
    saveMarks(database, record);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
  return String(version + 1);
}

function columnsOf(id: string, { formatVersion, epoch, holder, leaseMs, nonce }: LedgerRecord) {
  return [id, formatVersion, paddedValue(epoch), holder, leaseMs, nonce] as const;
}

function saveMarks(database: DatabaseSync, { marks }: LedgerRecord): void {
  const save = database.prepare('INSERT OR REPLACE INTO mark VALUES (?, ?, ?)');
  for (const [name, { high, rest }] of marks) {
    save.run(name, paddedValue(high), rest === undefined ? null : paddedValue(rest));
  }
}

function openError(error: unknown, path: string): unknown {
  const { errcode } = error as { errcode?: number };
  if (errcode === 5) {
    const sentence = `${path} is in use by another sluice-counter: stop it, or give this one a folder of its own.`;
    return new CodedError(counterErrors.ledgerInUse, sentence);
  }
  const message = error instanceof Error ? error.message : String(error);
  return new CodedError(counterErrors.ledgerUnreadable, `${path} cannot be used as a ledger: ${message}.`, {
    cause: error,
  });
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Book } from '../engine/book.ts';
import { Reports } from '../engine/reports.ts';
import { type MessageColumns, playColumns, readColumns } from './columns.ts';
import { ReportText } from './report-text.ts';
import { ownWorkload } from './testing/own-workload.ts';

// The public benchmark's files are not part of the repository; where they lie beside the checkout they are checked.
const directory = join(import.meta.dirname, '../../../../shared/oracle/order-book');

const published = [
  { name: 'static', sha256: '9803843ee404fc29c9a0aa5614f8f0d5a58b5c44fcac9ef89067886fcaaa30d1', resting: 41_787 },
  { name: 'normal', sha256: 'e9b2e3926854410b01a035aeb25dd05f1e597c233be8263de9eb49b6713d367e', resting: 5_500 },
  { name: 'swing-25', sha256: '61a84be9469661bd039e00dbc9a7c011e70b6ace37aadfe60045ea083b05f4df', resting: undefined },
];

function run(columns: MessageColumns): { sha256: string; resting: number } {
  const reports = new Reports(1 << 12, (full) => {
    text.add(full);
    full.count = 0;
  });
  const text = new ReportText(columns.prices);
  const book = new Book(reports);
  playColumns(book, columns, 0, columns.count);
  text.add(reports);
  return { sha256: text.digest(), resting: book.size };
}

describe('report streams, hashed whole', () => {
  for (const { name, sha256, resting } of published) {
    const path = join(directory, `${name}.cols.zst`);
    if (!existsSync(path)) continue;
    it(`published workload ${name} gives the published hash`, () => {
      const result = run(readColumns(path));
      expect(result.sha256).toBe(sha256);
      if (resting !== undefined) expect(result.resting).toBe(resting);
    }, 120_000);
  }

  const absent = published.filter(({ name }) => !existsSync(join(directory, `${name}.cols.zst`)));
  const note = absent.length === 0 ? '' : ` (not here: published ${absent.map(({ name }) => name).join(', ')})`;
  it.each([
    { seed: 1, sha256: '0c1e2b4931e3b4b051c67df10311e24dbb96788fb430d6159b4f3c70220183d7' },
    { seed: 2, sha256: '9145a37d6372655d0db1123c5b2731e7f417620c01b5cca5b3768c25ff7f7fbd' },
  ])(`own workload $seed of 200,000 messages gives the committed hash${note}`, ({ seed, sha256 }) => {
    expect(run(ownWorkload(seed, 200_000)).sha256).toBe(sha256);
  });
});

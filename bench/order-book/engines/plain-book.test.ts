import { expect, it } from 'vitest';
import { Book } from '../../../workloads/order-book/engine/book.ts';
import { Reports } from '../../../workloads/order-book/engine/reports.ts';
import { type Playable, playColumns } from '../../../workloads/order-book/oracle/columns.ts';
import { ReportText } from '../../../workloads/order-book/oracle/report-text.ts';
import { ownWorkload } from '../../../workloads/order-book/oracle/testing/own-workload.ts';
import { PlainBook } from './plain-book.ts';

it('the stripped engine says what the whole one says, so that only their speed differs', () => {
  const columns = ownWorkload(3, 100_000);
  const digest = (create: (reports: Reports) => Playable): string => {
    const text = new ReportText(undefined);
    const reports = new Reports(1 << 12, (full) => {
      text.add(full);
      full.count = 0;
    });
    playColumns(create(reports), columns, 0, columns.count);
    text.add(reports);
    return text.digest();
  };
  expect(digest((reports) => new PlainBook(reports))).toBe(digest((reports) => new Book(reports)));
});

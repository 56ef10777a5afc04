import { Book } from '../../../workloads/order-book/engine/book.ts';
import { REPORT_WORDS, Reports, ReportType } from '../../../workloads/order-book/engine/reports.ts';
import { inlineMore } from '../../../workloads/order-book/engine/tuning.ts';
import { playColumns, readColumns } from '../../../workloads/order-book/oracle/columns.ts';
import { runPasses } from '../passes.ts';

inlineMore();
// Reports into a buffer of 8,192 records that is read and used again, as in the C++ engine beside it.
const passes = runPasses(readColumns(process.argv[2] ?? ''), () => {
  let fills = 0;
  const count = (reports: Reports): void => {
    for (let at = 0; at < reports.count * REPORT_WORDS; at += REPORT_WORDS) {
      if (((reports.words[at] as number) & 255) === ReportType.trade) fills++;
    }
    reports.count = 0;
  };
  const reports = new Reports(8_192, count);
  const book = new Book(reports);
  return (columns, from, to) => {
    fills = 0;
    playColumns(book, columns, from, to);
    count(reports);
    return fills;
  };
});
console.log(JSON.stringify(passes));

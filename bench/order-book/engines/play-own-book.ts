import { REPORT_WORDS, Reports, ReportType } from '../../../workloads/order-book/engine/reports.ts';
import { inlineMore } from '../../../workloads/order-book/engine/tuning.ts';
import { type Playable, playColumns, readColumns } from '../../../workloads/order-book/oracle/columns.ts';
import { runPasses } from '../passes.ts';

/**
 * Plays the file that the command line names through a book of ours and prints the passes. Reports go into a buffer of 8,192
 * records that is read and used again, as in the C++ engine. `--default-inlining`: as V8 would compile it by itself.
 */
export function playOwnBook(create: (reports: Reports) => Playable): void {
  const [path = '', option] = process.argv.slice(2);
  if (option !== '--default-inlining') inlineMore();
  const passes = runPasses(readColumns(path), () => {
    let fills = 0;
    const count = (reports: Reports): void => {
      for (let at = 0; at < reports.count * REPORT_WORDS; at += REPORT_WORDS) {
        if (((reports.words[at] as number) & 255) === ReportType.trade) fills++;
      }
      reports.count = 0;
    };
    const reports = new Reports(8_192, count);
    const book = create(reports);
    return (columns, from, to) => {
      fills = 0;
      playColumns(book, columns, from, to);
      count(reports);
      return fills;
    };
  });
  console.log(JSON.stringify(passes));
}

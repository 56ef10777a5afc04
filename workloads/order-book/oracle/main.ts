import { inlineMore } from '../engine/tuning.ts';
import { BadWorkload, readColumns } from './columns.ts';
import { measureWorkload } from './measure.ts';

inlineMore();

const [path, ...rest] = process.argv.slice(2);

try {
  if (path === undefined || path === '' || rest.length > 0) {
    throw new BadWorkload('give one workload file: make -s oracle FILE=<path to a .cols.zst file>');
  }
  const { sha256, messages, fills, messagesPerSecondMedian, messagesPerSecondWorst } = await measureWorkload(
    readColumns(path),
  );
  console.log(JSON.stringify({ sha256, messages, fills, messagesPerSecondMedian, messagesPerSecondWorst }));
} catch (error) {
  if (!(error instanceof BadWorkload)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 2;
}

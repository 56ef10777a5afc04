import { inlineMore } from '../../../workloads/order-book/engine/tuning.ts';
import { readColumns } from '../../../workloads/order-book/oracle/columns.ts';
import { measureWorkload } from '../../../workloads/order-book/oracle/measure.ts';

// What `make oracle` measures, with as many runs as the other engines have passes: every report to a second thread within the time.
inlineMore();
const { messages, fills, rates } = await measureWorkload(readColumns(process.argv[2] ?? ''), 7);
console.log(JSON.stringify(rates.map((rate) => ({ messages, fills, seconds: messages / rate }))));

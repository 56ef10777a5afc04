import { median } from './engine-section.ts';
import { quantile } from './quantile.ts';

export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface JournalFigures {
  readonly conditions: string;
  /** Orders per second, by round. */
  readonly rates: readonly number[];
  readonly halfLoad: number;
  readonly seconds: number;
  /** In milliseconds: by round, with the same loop and nothing behind it beside. */
  readonly latencies: readonly Latency[];
  /** At 250,000 commands per second. */
  readonly calm: Latency;
  readonly control: Latency;
  readonly thread: Latency;
  readonly disk: Latency;
  readonly whileSnapshot: Latency;
  readonly recovery: { readonly seconds: number; readonly open: number; readonly sequence: number };
}

export function summary(sorted: Float64Array): Latency {
  const [p50 = 0, p99 = 0, p999 = 0] = [0.5, 0.99, 0.999].map((share) => quantile(sorted, share));
  return { p50, p99, p999, max: sorted.at(-1) ?? 0 };
}

const millions = (rate: number): string => (rate / 1e6).toFixed(2);

/** The section of bench/RESULTS-order-book.md about what is durable before its answer. */
export function journalSection(figures: JournalFigures): string {
  const { conditions, rates, halfLoad, seconds, latencies, calm, control, thread, disk, whileSnapshot, recovery } =
    figures;
  const row = (name: string, { p50, p99, p999, max }: Latency): string =>
    `| ${name} | ${[p50, p99, p999, max].map((value) => value.toFixed(2)).join(' | ')} |`;
  return [
    conditions,
    '',
    'Command records of 40 bytes in process, bundled as in the image, with its environment: file journal, `fdatasync` before each answer,',
    '100,000 resting orders in four symbols, 64 accounts. Of a hundred commands 48 are new limit orders, 48 cancels by client order id of',
    'the oldest order of the account, 4 immediate orders that trade. Making the commands is not measured, checking their results is not',
    'done. While snapshots are written, one follows another without the pause of 30 s that the program makes. The disk alone is write and',
    '`fdatasync` of as many bytes at the same times in a process of its own. A thread that only writes and forces to disk does so for each',
    'batch that it is sent, or at once for all that wait: a book with a journal in a thread cannot be faster.',
    '',
    'Goals: two million per second, p99 at most 2 ms at half load, and a start in less than 5 s.',
    '',
    `**${millions(median(rates))} million commands per second**, median of ${rates.length} rounds of two million (${rates.map(millions).join(', ')}).`,
    '',
    `From the time a batch of 256 was due to its answer, at half load (${millions(halfLoad)} million per second by the clock, ${seconds} s a round), in ms:`,
    '',
    '| | p50 | p99 | p99.9 | max |',
    '|---|--:|--:|--:|--:|',
    ...latencies.map((latency, index) => row(`round ${index + 1}`, latency)),
    row('while snapshots are written', whileSnapshot),
    row('at 250,000 commands per second', calm),
    row('the same loop with nothing behind it', control),
    row('a thread that only writes and forces to disk', thread),
    row('the disk alone, into a file of zeros', disk),
    '',
    `Start from a snapshot with a million resting orders and a journal of ten million commands behind it: **${recovery.seconds.toFixed(2)} s** (${recovery.open} open orders, command ${recovery.sequence}).`,
    '',
  ].join('\n');
}

import { median } from './engine-section.ts';
import type { FanOutFigures, FanOutReaders } from './fan-out-readers.ts';
import { conditionsLine, writeSection } from './page.ts';
import { runBeside, startPinnedBook } from './pinned-book.ts';
import { type RestFigures, type RestLoad, WARM_UP_SECONDS } from './rest-load.ts';

// What readers cost: orders at a steady rate, answered when durable, beside none, 1 and 100 WebSocket readers of every change.

const rounds = Number(process.env.ROUNDS || 3);
const seconds = Number(process.env.SECONDS || 4);
const rate = Number(process.env.RATE || 2_000);
const counts = [0, 1, 100];

interface Trial {
  readonly count: number;
  readonly orders: RestFigures;
  /** Undefined beside no readers. */
  readonly readers: FanOutFigures | undefined;
  /** Share of its core that the book used, warm-up included. */
  readonly bookCpu: number;
}

async function measure(count: number, seed: number): Promise<Trial> {
  const book = await startPinnedBook();
  const { port } = book;
  const load: RestLoad = { port, connections: 32, seconds, rate, mix: 'flow', seed };
  const following: FanOutReaders = { port, count, seconds, warmUpSeconds: WARM_UP_SECONDS };
  const before = book.cpuSeconds();
  const [orders, readers] = await Promise.all([
    runBeside<RestFigures>('rest-load.ts', load),
    count === 0 ? undefined : runBeside<FanOutFigures>('fan-out-readers.ts', following),
  ]);
  const bookCpu = (book.cpuSeconds() - before) / (seconds + WARM_UP_SECONDS);
  await book.stop();
  return { count, orders, readers, bookCpu };
}

function section(conditions: string, trials: readonly Trial[]): string {
  const rows = counts.map((count) => {
    const group = trials.filter((trial) => trial.count === count);
    const middle = (value: (trial: Trial) => number): number => median(group.map(value));
    const ofReaders = (value: (readers: FanOutFigures) => number, digits: number): string =>
      count === 0 ? '-' : middle(({ readers }) => (readers === undefined ? 0 : value(readers))).toFixed(digits);
    return [
      count,
      middle(({ orders }) => orders.p50).toFixed(2),
      middle(({ orders }) => orders.p99).toFixed(2),
      middle(({ bookCpu }) => 100 * bookCpu).toFixed(0),
      ofReaders(({ messagesPerSecond }) => messagesPerSecond, 0),
      ofReaders(({ megabytesPerSecond }) => megabytesPerSecond, 1),
      ofReaders(({ p50 }) => p50, 0),
      ofReaders(({ p99 }) => p99, 0),
      group.reduce((sum, { readers }) => sum + (readers?.dropped ?? 0), 0),
    ];
  });
  return [
    conditions,
    '',
    `${rounds} interleaved rounds of ${seconds} s after ${WARM_UP_SECONDS} s of warm-up, each with a fresh book, the bundle of its image, on one core (all its threads), and the load and`,
    `all readers on the other: ${rate} orders, cancels and changes a second, due at even times, each answered when it is on disk; the readers`,
    'follow channel `level2`, which tells every change after its group commit. A figure is the median of the rounds. Delivery counts from the',
    "flush in the book to the reader's hand, in whole milliseconds.",
    '',
    'The book is new: V8 still compiles in these seconds. What the book uses of a core does not tell how much more it takes: an order that',
    'comes alone has a group commit and two changes of threads for itself, and one of many shares them.',
    '',
    '| readers | answer p50 ms | p99 ms | CPU of the book, % of a core | messages per second | MB/s | delivery p50 ms | p99 ms | dropped |',
    '|--:|--:|--:|--:|--:|--:|--:|--:|--:|',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}

const conditions = await conditionsLine();
const trials: Trial[] = [];
for (let round = 1; round <= rounds; round++) {
  for (const count of counts) {
    const trial = await measure(count, round);
    trials.push(trial);
    console.error(`round ${round} ${count} readers: ${JSON.stringify(trial)}`);
  }
}
const text = section(conditions, trials);
console.log(text);
if (process.env.WRITE === '1') await writeSection('readers', text);

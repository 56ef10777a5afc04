import type { Pass } from './passes.ts';

/** One process that played one workload. */
export interface Trial {
  readonly engine: { readonly name: string; readonly origin: string };
  readonly workload: string;
  readonly passes: readonly Pass[];
}

export interface Measured {
  readonly trials: readonly Trial[];
  readonly rounds: number;
  /** Where and when. */
  readonly conditions: string;
  readonly loadAtEnd: number;
}

/** How the page calls the engines that its goals are about. */
export const names = {
  handedOver: 'Sluice, reports to a second thread',
  whole: 'Sluice',
  plain: 'Sluice, stripped',
  baseline: 'C++ `std::map`',
} as const;

/** Million messages per second over the rounds. */
interface Figure {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

interface Row {
  readonly name: string;
  readonly origin: string;
  readonly figures: readonly Figure[];
  readonly remark: string;
}

/** The middle of the values; of an even number the lower one. 0 of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? 0;
}

/** A round's figure is the median of its passes: the first of them compile. */
function figureOf(trials: readonly Trial[]): Figure {
  const rates = trials.map(({ passes }) =>
    median(passes.map(({ messages, seconds }) => messages / seconds / 1_000_000)),
  );
  return { median: median(rates), lowest: Math.min(...rates), highest: Math.max(...rates) };
}

function worstOf({ figures }: Row): number {
  return Math.min(...figures.map((figure) => figure.median));
}

function rowsOf(trials: readonly Trial[], workloads: readonly string[]): Row[] {
  const engines = new Map(trials.map(({ engine }) => [engine.name, engine.origin]));
  const expected = new Map(
    trials.filter(({ engine }) => engine.name === names.whole).map(({ workload, passes }) => [workload, passes[0]]),
  );
  return [...engines].map(([name, origin]) => {
    const own = trials.filter((trial) => trial.engine.name === name);
    const figures = workloads.map((workload) => figureOf(own.filter((trial) => trial.workload === workload)));
    return { name, origin, figures, remark: remark(own, expected) };
  });
}

/** Who got through a whole workload and has not as many trades as we have did something else. */
function remark(trials: readonly Trial[], expected: ReadonlyMap<string, Pass | undefined>): string {
  const whole = trials.filter(({ workload, passes }) => passes[0]?.messages === expected.get(workload)?.messages);
  if (whole.length === 0) return 'cut off';
  const isCut = whole.length < trials.length ? 'cut off in some; ' : '';
  if (whole.every(({ passes }) => passes[0]?.fills === 0)) return `${isCut}names no trades`;
  const differs = whole.some(({ workload, passes }) => passes[0]?.fills !== expected.get(workload)?.fills);
  return `${isCut}${differs ? 'other trades' : 'same trades'}`;
}

function goals(rows: readonly Row[]): string[] {
  const row = (name: string): Row | undefined => rows.find((candidate) => candidate.name === name);
  const handedOver = row(names.handedOver);
  const whole = row(names.whole);
  const plain = row(names.plain);
  const baseline = row(names.baseline);
  const npm = rows.filter(({ origin }) => origin.startsWith('npm')).sort((a, b) => worstOf(b) - worstOf(a))[0];
  const lines = ['| goal | result |', '| --- | --- |'];
  const add = (goal: string, isReached: boolean, result: string): void => {
    lines.push(`| ${goal} | ${isReached ? 'reached' : 'missed'}: ${result} |`);
  };
  if (handedOver !== undefined) {
    const worst = worstOf(handedOver);
    add('worst workload ≥ 10 million messages/s, reports to a second thread', worst >= 10, worst.toFixed(2));
    if (baseline !== undefined) {
      const ratio = worst / worstOf(baseline);
      add('or ≥ 1.2 × the C++ `std::map` engine', ratio >= 1.2, `${ratio.toFixed(2)} ×`);
    }
    if (npm !== undefined) {
      const ratio = worst / worstOf(npm);
      add('≥ 10 × the best npm engine', ratio >= 10, `${ratio.toFixed(0)} × ${npm.name}`);
    }
  }
  if (whole !== undefined && plain !== undefined) {
    const costs = whole.figures.map(({ median: rate }, at) => 100 * (1 - rate / (plain.figures[at]?.median ?? 0)));
    const result = costs.map((cost) => `${cost.toFixed(1)} %`).join(', ');
    add('the whole order surface costs ≤ 15 %', Math.max(...costs) <= 15, result);
  }
  return lines;
}

function cell({ median: middle, lowest, highest }: Figure): string {
  return `${middle.toFixed(2)} (${lowest.toFixed(2)}–${highest.toFixed(2)})`;
}

/** The section of the engines, in Markdown. */
export function engineSection({ trials, rounds, conditions, loadAtEnd }: Measured): string {
  const workloads = [...new Set(trials.map(({ workload }) => workload))];
  const rows = rowsOf(trials, workloads);
  return [
    `${conditions} At the end ${loadAtEnd.toFixed(1)}, of which the benchmark itself makes 1 to 2.`,
    '',
    ...goals(rows),
    '',
    `Million messages per second, median of ${rounds} interleaved rounds (lowest–highest). In a round, each engine and workload has a`,
    'process of its own, which plays the same messages from a fresh book for two seconds, at most seven times, and is cut off three',
    'seconds into a pass. The median of the passes is the figure of the round.',
    '',
    `| engine | ${workloads.join(' | ')} | worst | remarks |`,
    `| --- | ${workloads.map(() => '--: | ').join('')}--: | --- |`,
    ...rows.map((row) => {
      const remarks = [row.origin, row.remark].filter((part) => part !== '').join('; ');
      return `| ${[row.name, ...row.figures.map(cell), worstOf(row).toFixed(2), remarks].join(' | ')} |`;
    }),
    '',
    '- *Reports to a second thread* is what `make oracle` measures: every report is read by another thread before the clock stops.',
    '- *Stripped* is the same engine without owners, phases, bands, stops, icebergs and pairs (`bench/order-book/engines/plain-book.ts`);',
    '  the difference is what the whole order surface costs. A test holds it to the same reports.',
    '- Sluice and the C++ engine write 32 bytes per report into a buffer that is used again. The packages return objects, which are',
    '  counted and dropped; rust-order-book returns none of its trades.',
    '- orderbook-match-engine and lobster have neither modify nor immediate orders: each is a cancel and an order. orderbook-rs is made',
    '  for many threads at once.',
    '- Who is cut off is slower at the end of a workload than at its beginning, so that the figure flatters.',
    '',
  ].join('\n');
}

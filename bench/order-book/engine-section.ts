import type { OracleResult } from '../../workloads/order-book/oracle/measure.ts';
import type { Pass } from './passes.ts';

/** One process that played one workload. */
export interface Trial {
  readonly engine: string;
  readonly workload: string;
  readonly passes: readonly Pass[];
}

export interface Measured {
  readonly trials: readonly Trial[];
  /** Our engine once more, with reports handed to a second thread within the measured time. */
  readonly handedOver: readonly (OracleResult & { readonly name: string })[];
  readonly rounds: number;
  /** Where and when. */
  readonly conditions: string;
}

/** The middle of the rounds; of an even number the lower one. 0 of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? 0;
}

const rateOf = ({ messages, seconds }: Pass): number => messages / seconds / 1e6;

/** Million messages per second: the median over the rounds of the median over the passes of a process. */
function rates(trials: readonly Trial[]): Map<string, Map<string, number>> {
  const engines = new Map<string, Map<string, number>>();
  for (const { engine, workload } of trials) {
    const own = trials.filter((trial) => trial.engine === engine && trial.workload === workload);
    const row = engines.get(engine) ?? new Map<string, number>();
    row.set(workload, median(own.map(({ passes }) => median(passes.map(rateOf)))));
    engines.set(engine, row);
  }
  return engines;
}

/** A peer that got through the whole workload and has not as many trades as the others did something else. */
function remarks(trials: readonly Trial[], messages: ReadonlyMap<string, { messages: number; fills: number }>): string {
  const whole = trials.filter(({ workload, passes }) => passes[0]?.messages === messages.get(workload)?.messages);
  const differs = whole.filter(({ workload, passes }) => passes[0]?.fills !== messages.get(workload)?.fills);
  if (whole.length === 0) return 'cut off before the end';
  return `${whole.length < trials.length ? 'cut off in some; ' : ''}${differs.length === 0 ? 'same trades' : 'other trades'}`;
}

/** The section of the engines, in Markdown. */
export function engineSection({ trials, handedOver, rounds, conditions }: Measured): string {
  const table = rates(trials);
  const names = handedOver.map(({ name }) => name);
  const expected = new Map(handedOver.map(({ name, messages, fills }) => [name, { messages, fills }]));
  const worst = (row: ReadonlyMap<string, number>): number => Math.min(...row.values());
  const ours = worst(table.get('sluice') ?? new Map([['', Number.NaN]]));
  const lines = [
    conditions,
    '',
    `${rounds} interleaved rounds; each round starts one process per engine and workload, which plays the`,
    'same messages from a fresh book again and again for three seconds, at most seven times, and is cut off after five seconds of one',
    'pass. A figure is the median of the rounds, of the median of the passes: million messages per second.',
    '',
    `| engine | ${names.join(' | ')} | worst | of ours | remarks |`,
    `|---|${names.map(() => '--:').join('|')}|--:|--:|---|`,
  ];
  for (const [engine, row] of table) {
    const cells = names.map((name) => (row.get(name) ?? Number.NaN).toFixed(2));
    const share = `${((100 * worst(row)) / ours).toFixed(1)} %`;
    const own = trials.filter((trial) => trial.engine === engine);
    lines.push(`| ${[engine, ...cells, worst(row).toFixed(2), share, remarks(own, expected)].join(' | ')} |`);
  }
  lines.push(
    '',
    'Sluice and the C++ engine write 32 bytes per report into a buffer that is used again. The npm packages return objects and write no',
    'reports. orderbook-match-engine has neither modify nor immediate orders: each is a cancel and an add. The packages that were cut',
    'off are slower at the end of a workload than at its beginning, so their figures flatter them. The trades of nodejs-order-book and',
    'hft-limit-order-book are counted from what their calls return.',
    '',
    'Sluice with every report handed to a second thread within the measured time (`make oracle`), median and worst of ten:',
    '',
    '| workload | median | worst | trades | SHA-256 of the reports |',
    '|---|--:|--:|--:|---|',
    ...handedOver.map(({ name, messagesPerSecondMedian, messagesPerSecondWorst, fills, sha256 }) => {
      const million = (rate: number): string => (rate / 1e6).toFixed(2);
      return `| ${name} | ${million(messagesPerSecondMedian)} | ${million(messagesPerSecondWorst)} | ${fills} | \`${sha256.slice(0, 16)}…\` |`;
    }),
    '',
  );
  return lines.join('\n');
}

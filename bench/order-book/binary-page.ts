import type { BinaryFigures } from './binary-load.ts';
import { median } from './engine-section.ts';

/** One server, started afresh, under one load. */
export interface BinaryTrial {
  readonly target: string;
  /** Commands per second of an open loop; 0 in a closed loop. */
  readonly rate: number;
  readonly figures: BinaryFigures;
  /** Seconds of CPU that the server used, warm-up included. */
  readonly serverCpu: number;
}

export interface BinaryMeasured {
  readonly conditions: string;
  readonly trials: readonly BinaryTrial[];
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  /** Commands of each connection that are under way in the closed loop. */
  readonly depth: number;
}

const NAMES: Readonly<Record<string, string>> = {
  echo: 'bare node:net, as many bytes back',
  port: 'the port and the sequencer, no disk and no book',
  book: 'Sluice, durable',
  snapshots: 'Sluice, durable, while snapshots are written',
};

/** The section of the page of results, in Markdown. */
export function binarySection(measured: BinaryMeasured): string {
  const { conditions, trials, rounds, seconds, connections, depth } = measured;
  const groups = Map.groupBy(trials, ({ target, rate }) => `${target} ${rate}`);
  const rows = [...groups.values()].map((group) => {
    const [first] = group;
    const middle = (value: (trial: BinaryTrial) => number): number => median(group.map(value));
    const rate = first?.rate ?? 0;
    return [
      NAMES[first?.target ?? ''] ?? first?.target,
      rate === 0 ? `closed, ${connections} × ${depth} under way` : `${rate}/s`,
      Math.round(middle(({ figures }) => figures.perSecond)),
      middle(({ figures }) => figures.p50).toFixed(2),
      middle(({ figures }) => figures.p99).toFixed(2),
      middle(({ figures }) => figures.p999).toFixed(2),
      middle(({ serverCpu, figures }) => (1e6 * serverCpu) / figures.total).toFixed(2),
      middle(({ figures }) => 100 * figures.loadCpu).toFixed(0),
      middle(({ figures }) => (100 * figures.refused) / (figures.done + figures.refused)).toFixed(1),
    ];
  });
  return [
    conditions,
    '',
    `${rounds} interleaved rounds of ${seconds} s after 2 s of warm-up, each with a fresh server on one core (all its threads) and our client`,
    `on the other core, over ${connections} TCP connections with an account each. Half of the commands are new orders, four in ten`,
    'cancel one of the latest thousand, one in ten changes one. Programs are bundled as in the image, with its environment. Sluice answers a command when it is on disk (fdatasync), with `--max-pending 20000`. The',
    'controls do less: one answers bytes with bytes, which is the price of the kernel, of node:net and of the client; the other has the binary',
    'port and the sequencer as they are, a journal that forgets and a book that does nothing. A figure is the median of the rounds. In the closed loop each',
    'connection sends as many commands as it got results; in the open loop commands are due at even times, are sent each millisecond, and',
    'a latency counts from when its command was due. Refused are cancels and changes of orders that were filled or cancelled before. While',
    'snapshots are written: `--snapshot-every 100000`, so that one is written for each million commands and competes for the core of the book.',
    '',
    'Goals: 500,000 per second; and at 250,000 per second no queues.',
    '',
    '| server | loop | commands per second | p50 ms | p99 ms | p99.9 ms | CPU µs per command | CPU of the load, % of a core | refused % |',
    '|---|---|--:|--:|--:|--:|--:|--:|--:|',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}

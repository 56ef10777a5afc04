import { median } from './engine-section.ts';
import type { RestFigures } from './rest-load.ts';

/** One server, started afresh, under one load. */
export interface RestTrial {
  readonly target: string;
  readonly mix: string;
  /** Requests per second of an open loop; 0 in a closed loop. */
  readonly rate: number;
  readonly figures: RestFigures;
  /** Seconds of CPU that the server used, warm-up included. */
  readonly serverCpu: number;
}

export interface RestMeasured {
  readonly conditions: string;
  readonly trials: readonly RestTrial[];
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

const NAMES: Readonly<Record<string, string>> = {
  'node:http': 'bare node:http, nothing done',
  fastify: 'fastify, an empty route',
  sluice: 'Sluice, durable',
};

/** The section of the page of results, in Markdown. */
export function restSection({ conditions, trials, rounds, seconds, connections }: RestMeasured): string {
  const groups = Map.groupBy(trials, ({ target, mix, rate }) => [target, mix, rate].join(' '));
  const rows = [...groups.values()].map((group) => {
    const [first] = group;
    const middle = (value: (figures: RestFigures) => number): number =>
      median(group.map(({ figures }) => value(figures)));
    const rate = first?.rate ?? 0;
    return [
      NAMES[first?.target ?? ''] ?? first?.target,
      first?.mix === 'flow' ? 'orders, cancels, changes' : 'new orders',
      rate === 0 ? 'closed' : `${rate}/s`,
      Math.round(middle(({ perSecond }) => perSecond)),
      middle(({ p50 }) => p50).toFixed(2),
      middle(({ p99 }) => p99).toFixed(2),
      Math.round(median(group.map(({ serverCpu, figures: { total } }) => (1e6 * serverCpu) / total))),
      middle(({ loadCpu }) => 100 * loadCpu).toFixed(0),
      group.reduce((sum, { figures }) => sum + figures.failed, 0),
    ];
  });
  return [
    conditions,
    '',
    `${rounds} interleaved rounds of ${seconds} s after 2 s of warm-up, each with a fresh server on one core (all its`,
    `threads) and a load of ${connections} keep-alive connections over bare sockets on another. Sluice answers when the order is on disk (fdatasync);`,
    'the controls do nothing with it and answer as many bytes. Servers are bundled as in the image, with its environment. A figure is the median of the rounds. In the closed loop each connection',
    'waits for its answer; in the open loop requests are due at even times, and a latency counts from when its request was due.',
    '',
    '| server | requests | loop | per second | p50 ms | p99 ms | CPU µs per request | CPU of the load, % of a core | failed |',
    '|---|---|--:|--:|--:|--:|--:|--:|--:|',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}

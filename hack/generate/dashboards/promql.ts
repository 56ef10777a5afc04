import type { MetricDefinition } from '@sluice/runtime/telemetry';

// PromQL from metric definitions: a renamed metric changes the query, a removed metric or label fails the compiler.

/** Labels that Prometheus adds to every series from where it scraped it (config/prometheus/prometheus.yml). */
export type TargetLabel = 'cluster' | 'namespace' | 'name' | 'pod' | 'node' | 'app';

type LabelOf<D extends MetricDefinition> =
  | D['labels'][number]
  | TargetLabel
  | (D['type'] extends 'histogram' ? 'le' : never);

/** What a query is asked about: matchers for every selector, and the window of rates. */
export interface Scope {
  /** Matchers by label with their operator, such as `=~"$namespace"`. */
  readonly matchers: Readonly<Partial<Record<TargetLabel, string>>>;
  /** A PromQL duration such as `1m`, or Grafana's `$__rate_interval`. */
  readonly window: string;
}

/** A query that still has to be told its scope. */
export type Query = (scope: Scope) => string;

export interface Selection<D extends MetricDefinition> {
  /** Labels to keep; one series per combination of their values. */
  readonly by?: readonly LabelOf<D>[];
  /** More matchers with their operator, such as `{ code: '=~"5.."' }`. */
  readonly where?: Readonly<Partial<Record<LabelOf<D>, string>>>;
}

type Aggregation = 'sum' | 'max' | 'min' | 'avg';

/** The present value of a gauge, aggregated. */
export function value<D extends MetricDefinition & { type: 'gauge' }>(
  metric: D,
  aggregation: Aggregation,
  selection: Selection<D> = {},
): Query {
  return (scope) => `${aggregate(aggregation, selection)} (${selector(metric.name, scope, selection.where)})`;
}

/**
 * The present value of a gauge that every operator pod exports alike (the standby's caches are as full as the leader's):
 * each series is counted once, whoever exports it.
 */
export function state<D extends MetricDefinition & { type: 'gauge' }>(
  metric: D,
  aggregation: Aggregation,
  selection: Selection<D> = {},
): Query {
  const once = aggregate('max', { by: ['cluster', ...metric.labels] });
  return (scope) => `${aggregate(aggregation, selection)} (${once} (${selector(metric.name, scope, selection.where)}))`;
}

/**
 * The present value of a gauge, aggregated over the pods whose gauge `flag` is 1. Of two operator pods only the leader works: a
 * standby fills its queues too, but its numbers mean nothing yet.
 */
export function valueWhere<D extends MetricDefinition & { type: 'gauge' }>(
  flag: MetricDefinition & { type: 'gauge' },
  metric: D,
  aggregation: Aggregation,
  selection: Selection<D> = {},
): Query {
  return (scope) => {
    const flags = `max by (cluster, namespace, pod) (${selector(flag.name, scope)}) == 1`;
    const flagged = `${selector(metric.name, scope, selection.where)} and on (cluster, namespace, pod) (${flags})`;
    return `${aggregate(aggregation, selection)} (${flagged})`;
  };
}

/** Increase of a counter per second over the window. */
export function rate<D extends MetricDefinition & { type: 'counter' }>(metric: D, selection: Selection<D> = {}): Query {
  return (scope) => sumRate(metric.name, scope, selection);
}

/** Observations of a histogram per second over the window. */
export function observations<D extends MetricDefinition & { type: 'histogram' }>(
  metric: D,
  selection: Selection<D> = {},
): Query {
  return (scope) => sumRate(`${metric.name}_count`, scope, selection);
}

/** The `q` quantile (0 to 1) of a histogram over the window; no result while nothing was observed. */
export function quantile<D extends MetricDefinition & { type: 'histogram' }>(
  q: number,
  metric: D,
  selection: Selection<D> = {},
): Query {
  const by = [...(selection.by ?? []), 'le'];
  return (scope) => `histogram_quantile(${q}, ${sumRate(`${metric.name}_bucket`, scope, { ...selection, by })})`;
}

/** `query`, or 0 where it has no result: for what is counted only once it happened. Not for a query that keeps labels. */
export function orZero(query: Query): Query {
  return (scope) => `${query(scope)} or vector(0)`;
}

/** A metric that no program of ours declares, such as `process_resident_memory_bytes`. */
export function gaugeOf(name: string): MetricDefinition & { type: 'gauge'; labels: readonly [] } {
  return { type: 'gauge', name, help: '', labels: [] };
}

export function counterOf(name: string): MetricDefinition & { type: 'counter'; labels: readonly [] } {
  return { type: 'counter', name, help: '', labels: [] };
}

interface LooseSelection {
  readonly by?: readonly string[];
  readonly where?: Readonly<Partial<Record<string, string>>>;
}

function sumRate(name: string, scope: Scope, selection: LooseSelection): string {
  return `${aggregate('sum', selection)} (rate(${selector(name, scope, selection.where)}[${scope.window}]))`;
}

function aggregate(aggregation: Aggregation, { by = [] }: LooseSelection): string {
  return by.length === 0 ? aggregation : `${aggregation} by (${by.join(', ')})`;
}

function selector(name: string, scope: Scope, where: LooseSelection['where'] = {}): string {
  const matchers = Object.entries({ ...scope.matchers, ...where }).map(([label, matcher]) => `${label}${matcher}`);
  return matchers.length === 0 ? name : `${name}{${matchers.join(', ')}}`;
}

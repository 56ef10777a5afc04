import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** One metric, declared once: exporter, dashboards, alert rules and docs/metrics.md all come from these declarations. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Full exposition name, unit in the name (`_seconds`, `_bytes`, `_total`). */
  readonly name: string;
  /** One sentence: what is counted, in which unit. */
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds, ascending; histograms only. */
  readonly buckets?: readonly number[];
}

/** Metrics by the names the code uses for them. */
export type MetricDefinitions = Readonly<Record<string, MetricDefinition>>;

type Labels<D extends MetricDefinition> = D['labels'][number];

type MetricOf<D extends MetricDefinition> = D['type'] extends 'counter'
  ? Counter<Labels<D>>
  : D['type'] extends 'gauge'
    ? Gauge<Labels<D>>
    : Histogram<Labels<D>>;

/** The live metrics of definitions, under the same names. */
export type Metrics<Ds extends MetricDefinitions> = { readonly [K in keyof Ds]: MetricOf<Ds[K]> };

/** Checks the shape and keeps the literal types, so that a misspelt label fails the compiler. */
export function defineMetrics<const Ds extends MetricDefinitions>(definitions: Ds): Ds {
  return definitions;
}

/** Registers `definitions` in `registry` and returns the live metrics under the same keys. */
export function createMetrics<const Ds extends MetricDefinitions>(definitions: Ds, registry: Registry): Metrics<Ds> {
  const made: Record<string, Counter | Gauge | Histogram> = {};
  for (const [key, { type, name, help, labels, buckets }] of Object.entries(definitions)) {
    const common = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === 'counter') made[key] = new Counter(common);
    else if (type === 'gauge') made[key] = new Gauge(common);
    else made[key] = new Histogram(buckets === undefined ? common : { ...common, buckets: [...buckets] });
  }
  return made as Metrics<Ds>;
}

/** A registry with the metrics of process and Node (`process_*`, `nodejs_*`) in it. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

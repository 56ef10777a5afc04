import type { Query, TargetLabel } from './promql.ts';

/** Units as Grafana names them. */
export type Unit = 'short' | 's' | 'bytes' | 'Bps' | 'ops';

export interface Series {
  readonly query: Query;
  /** Grafana's legend template, such as `{{pod}}`. */
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  /** One sentence: what it shows and what to make of it. */
  readonly description: string;
  readonly kind: 'timeseries' | 'stat';
  readonly unit: Unit;
  readonly series: readonly [Series, ...Series[]];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface DashboardDefinition {
  /** Stable id in URLs and links, at most 40 characters. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** Labels that the user can narrow down, in order. */
  readonly variables: readonly TargetLabel[];
  /** A selector whose series have all these labels: the variables offer its values. */
  readonly variablesFrom: { readonly metric: string; readonly matchers: Readonly<Record<string, string>> };
  readonly rows: readonly Row[];
}

/** A panel of one or more lines over time. */
export function lines(title: string, description: string, unit: Unit, series: readonly [Series, ...Series[]]): Panel {
  return { kind: 'timeseries', title, description, unit, series };
}

/** A panel of one number. */
export function number(title: string, description: string, unit: Unit, query: Query): Panel {
  return { kind: 'stat', title, description, unit, series: [{ query, legend: title }] };
}

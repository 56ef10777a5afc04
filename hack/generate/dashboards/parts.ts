import type { KindName } from '@sluice/api';
import { resourceMetrics } from '../../../operator/resource-metrics.ts';
import { serviceMetrics } from '../../../workloads/kit/metrics.ts';
import { type DashboardDefinition, lines, number, type Panel, type Row } from './dashboard.ts';
import { counterOf, gaugeOf, observations, quantile, rate, state, value } from './promql.ts';

// Rows that more than one dashboard has.

/** Values of label `app` by kind: app.kubernetes.io/name of the pods. */
export const appOf = {
  AppDeployment: 'app-deployment',
  SequenceCounter: 'sequence-counter',
  OrderBook: 'order-book',
} as const satisfies Record<KindName, string>;

const { info, condition, replicas, readyReplicas } = resourceMetrics;

/** Choices of a dashboard about the resources of one kind. */
export function resourceVariables(kind: KindName): Pick<DashboardDefinition, 'variables' | 'variablesFrom'> {
  return {
    variables: ['cluster', 'namespace', 'name'],
    variablesFrom: { metric: info.name, matchers: { kind: `="${kind}"` } },
  };
}

/** How many there are, how many are ready, and their pods. */
export function healthPanels(kind: KindName): Panel[] {
  const where = { kind: `="${kind}"` };
  const resource = `${kind}s`;
  return [
    number(resource, `How many ${resource} are chosen above.`, 'short', state(info, 'sum', { where })),
    number(
      'All ready',
      `1 when every chosen ${kind} has condition Ready, 0 or -1 when one has not.`,
      'short',
      state(condition, 'min', { where: { ...where, type: '="Ready"' } }),
    ),
    number('Pods asked for', 'Pods that the resources ask for.', 'short', state(replicas, 'sum', { where })),
    number('Pods ready', 'Pods that are ready to serve.', 'short', state(readyReplicas, 'sum', { where })),
  ];
}

/** Rate, errors and duration of an HTTP service of ours. */
export function serviceRow(kind: KindName): Row {
  const where = { app: `="${appOf[kind]}"` };
  const { requests, requestSeconds } = serviceMetrics;
  return {
    title: 'HTTP service',
    panels: [
      lines('Requests', 'Requests answered per second, by status code.', 'ops', [
        { query: rate(requests, { by: ['code'], where }), legend: '{{code}}' },
      ]),
      lines('Requests by route', 'Requests answered per second, by route pattern.', 'ops', [
        { query: observations(requestSeconds, { by: ['route'], where }), legend: '{{route}}' },
      ]),
      lines('Duration', 'Time from the request line to the end of the answer: half and 99 % are faster.', 's', [
        { query: quantile(0.5, requestSeconds, { where }), legend: 'half' },
        { query: quantile(0.99, requestSeconds, { where }), legend: '99 %' },
      ]),
    ],
  };
}

/** What the processes themselves use. */
export function processRow(app: string): Row {
  const where = { app: `="${app}"` };
  return {
    title: 'Processes',
    panels: [
      lines('CPU', 'Cores used by each pod.', 'short', [
        { query: rate(counterOf('process_cpu_seconds_total'), { by: ['pod'], where }), legend: '{{pod}}' },
      ]),
      lines('Memory', 'Resident memory of each pod.', 'bytes', [
        { query: value(gaugeOf('process_resident_memory_bytes'), 'sum', { by: ['pod'], where }), legend: '{{pod}}' },
      ]),
      lines('Event loop delay', 'A busy event loop answers late: 99 % of its turns are shorter than this.', 's', [
        { query: value(gaugeOf('nodejs_eventloop_lag_p99_seconds'), 'max', { by: ['pod'], where }), legend: '{{pod}}' },
      ]),
    ],
  };
}

import type { MetricDefinition, MetricDefinitions } from '@sluice/runtime/telemetry';
import { resourceMetrics } from '../../operator/resource-metrics.ts';
import { controllerMetrics } from '../../operator/runtime/controller/metrics.ts';
import { electionMetrics } from '../../operator/runtime/election/metrics.ts';
import { eventMetrics } from '../../operator/runtime/events/metrics.ts';
import { restClientMetrics } from '../../operator/runtime/kube/request-metrics.ts';
import { workqueueMetrics } from '../../operator/runtime/queue/metrics.ts';
import { reflectorMetrics } from '../../operator/runtime/watch/metrics.ts';
import { authMetrics, serviceMetrics } from '../../workloads/kit/metrics.ts';
import { streamMetrics } from '../../workloads/order-book/market-data/metrics.ts';
import { orderBookMetrics } from '../../workloads/order-book/metrics.ts';
import { publisherMetrics } from '../../workloads/order-book/publisher/metrics.ts';
import { counterMetrics } from '../../workloads/sequence-counter/metrics.ts';
import { sampleAppMetrics } from './dashboards/sample-app-metrics.ts';
import type { Generator } from './generator.ts';
import { table } from './markdown.ts';

interface Section {
  readonly title: string;
  readonly about: string;
  readonly metrics: readonly MetricDefinition[];
}

const all = (...groups: readonly MetricDefinitions[]) => groups.flatMap((group) => Object.values(group));

const sections: readonly Section[] = [
  {
    title: 'Operator: the resources',
    about:
      'Read from the status of every AppDeployment, SequenceCounter and OrderBook at each scrape. All operator pods export them alike: take `max` over the pods before a sum.',
    metrics: all(resourceMetrics),
  },
  {
    title: 'Operator: its loops, queues and requests',
    about:
      'Names, labels and buckets of the Go runtime, so dashboards and alerts made for Go operators work unchanged.',
    metrics: all(controllerMetrics, workqueueMetrics, restClientMetrics, electionMetrics),
  },
  {
    title: 'Operator: its watches and events',
    about: 'What the caches are fed from, and what people are told on the objects they look at.',
    metrics: all(reflectorMetrics, eventMetrics),
  },
  {
    title: 'Every HTTP service of ours',
    about: 'Exported by order books, counters and the demo issuer.',
    metrics: all(serviceMetrics),
  },
  { title: 'Services that ask for tokens', about: 'Exported by order books and counters.', metrics: all(authMetrics) },
  { title: 'OrderBook', about: 'Exported by each member.', metrics: all(orderBookMetrics, streamMetrics) },
  {
    title: 'OrderBook: its publisher',
    about: 'Exported by a book that publishes its trades (`--publish`).',
    metrics: all(publisherMetrics),
  },
  { title: 'SequenceCounter', about: 'Exported by each replica.', metrics: all(counterMetrics) },
  { title: 'Sample apps', about: 'Exported by go-app and node-app.', metrics: all(sampleAppMetrics) },
];

export const metricsGenerator: Generator = {
  name: 'metrics',
  directories: [],
  files: () => [{ path: 'docs/metrics.md', content: page() }],
};

function page(): string {
  const lines = [
    '# Metrics',
    '',
    'Generated from the `metrics.ts` of each program by `make generate`; do not edit.',
    '',
    'Every pod of ours serves `/metrics` on port 9090, named `metrics`. Programs in Node.js also export the usual `process_*` and',
    '`nodejs_*`. Prometheus adds the labels `namespace`, `pod`, `node`, `app` (kind of workload) and `name` (the resource).',
    '',
    'Dashboards for Grafana 12 and later, made from these metrics, are in `config/grafana`: import the JSON files by hand, or',
    '`kubectl apply -k config/grafana` where a dashboard sidecar looks for ConfigMaps with the label `grafana_dashboard`.',
  ];
  for (const { title, about, metrics } of sections) {
    const rows = metrics.map(({ name, type, labels, help }) => [
      `\`${name}\``,
      type,
      labels.map((label) => `\`${label}\``).join(', '),
      help,
    ]);
    lines.push('', `## ${title}`, '', about, '', ...table(['Name', 'Type', 'Labels', 'Meaning'], rows));
  }
  return `${lines.join('\n')}\n`;
}

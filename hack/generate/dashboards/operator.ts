import { controllerMetrics } from '../../../operator/runtime/controller/metrics.ts';
import { electionMetrics } from '../../../operator/runtime/election/metrics.ts';
import { eventMetrics } from '../../../operator/runtime/events/metrics.ts';
import { restClientMetrics } from '../../../operator/runtime/kube/request-metrics.ts';
import { workqueueMetrics } from '../../../operator/runtime/queue/metrics.ts';
import { reflectorMetrics } from '../../../operator/runtime/watch/metrics.ts';
import { type DashboardDefinition, lines, number } from './dashboard.ts';
import { processRow } from './parts.ts';
import { orZero, quantile, rate, value, valueWhere } from './promql.ts';

const controller = controllerMetrics;
const queue = workqueueMetrics;
const watch = reflectorMetrics;
const requests = restClientMetrics;
const leader = electionMetrics.master;

export const operatorDashboard: DashboardDefinition = {
  uid: 'sluice-operator',
  title: 'Sluice / Operator',
  description:
    'The control loops: how much there is to do, how long it takes, what fails, and how the API server answers.',
  variables: ['cluster', 'namespace', 'pod'],
  variablesFrom: { metric: controller.maxConcurrent.name, matchers: {} },
  rows: [
    {
      title: 'State',
      panels: [
        number(
          'Waiting',
          'Keys that wait in the queues. It should fall back to 0.',
          'short',
          valueWhere(leader, queue.depth, 'sum'),
        ),
        number('Under way', 'Reconciles that run now.', 'short', valueWhere(leader, controller.active, 'sum')),
        number('Failures', 'Reconciles that fail, per second.', 'ops', orZero(rate(controller.errors))),
        number(
          'Longest under way',
          'Time that the longest reconcile has taken so far.',
          's',
          value(queue.longestSeconds, 'max'),
        ),
        number('Objects cached', 'Objects in the caches of all operator pods.', 'short', value(watch.objects, 'sum')),
      ],
    },
    {
      title: 'Reconciles',
      panels: [
        lines('Results', 'Reconciles per second, by result.', 'ops', [
          { query: rate(controller.reconciles, { by: ['controller', 'result'] }), legend: '{{controller}} {{result}}' },
        ]),
        lines('Duration', 'Half and 99 % of the reconciles are faster.', 's', [
          { query: quantile(0.5, controller.seconds, { by: ['controller'] }), legend: '{{controller}} half' },
          { query: quantile(0.99, controller.seconds, { by: ['controller'] }), legend: '{{controller}} 99 %' },
        ]),
        lines('Under way', 'Reconciles that run, by controller.', 'short', [
          { query: valueWhere(leader, controller.active, 'sum', { by: ['controller'] }), legend: '{{controller}}' },
        ]),
      ],
    },
    {
      title: 'Queues',
      panels: [
        lines('Depth', 'Keys that wait.', 'short', [
          { query: valueWhere(leader, queue.depth, 'sum', { by: ['controller'] }), legend: '{{controller}}' },
        ]),
        lines('Time in the queue', '99 % of the keys wait less than this.', 's', [
          { query: quantile(0.99, queue.queueSeconds, { by: ['controller'] }), legend: '{{controller}}' },
        ]),
        lines('Retries', 'Keys added again after a failure, per second.', 'ops', [
          { query: rate(queue.retries, { by: ['controller'] }), legend: '{{controller}}' },
        ]),
      ],
    },
    {
      title: 'Leadership',
      panels: [
        lines('Leader', 'The pod that leads. The other one is warm and waits.', 'short', [
          { query: value(leader, 'max', { by: ['pod'] }), legend: '{{pod}}' },
        ]),
      ],
    },
    {
      title: 'Watches',
      panels: [
        lines('Events', 'Changes received per second, by resource.', 'ops', [
          { query: rate(watch.events, { by: ['resource'] }), legend: '{{resource}}' },
        ]),
        lines('Objects', 'Objects in the cache, by resource.', 'short', [
          { query: value(watch.objects, 'max', { by: ['resource'] }), legend: '{{resource}}' },
        ]),
        lines(
          'Lists and failures',
          'Whole collections read, and watches that had to be tried again, per second.',
          'ops',
          [
            { query: orZero(rate(watch.lists)), legend: 'lists' },
            { query: orZero(rate(watch.failures)), legend: 'failures' },
          ],
        ),
      ],
    },
    {
      title: 'API server',
      panels: [
        lines('Requests', 'Requests to the API server per second, by status code.', 'ops', [
          { query: rate(requests.requests, { by: ['code'] }), legend: '{{code}}' },
        ]),
        lines('Duration', '99 % of the requests are faster.', 's', [
          { query: quantile(0.99, requests.seconds, { by: ['verb'] }), legend: '{{verb}}' },
        ]),
        lines('Kubernetes events', 'Events written on objects per second, by what became of them.', 'ops', [
          { query: rate(eventMetrics.events, { by: ['result'] }), legend: '{{result}}' },
        ]),
      ],
    },
    processRow('sluice-operator'),
  ],
};

import { resourceMetrics } from '../../../operator/resource-metrics.ts';
import { type DashboardDefinition, lines, number } from './dashboard.ts';
import { appOf, healthPanels, resourceVariables } from './parts.ts';
import { orZero, quantile, rate, value } from './promql.ts';
import { sampleAppMetrics } from './sample-app-metrics.ts';

const resources = resourceMetrics;
const apps = sampleAppMetrics;
const where = { app: `="${appOf.AppDeployment}"` };
const ofKind = { kind: '="AppDeployment"' };

export const appDeploymentDashboard: DashboardDefinition = {
  uid: 'sluice-app-deployment',
  title: 'Sluice / AppDeployment',
  description: 'Rollouts and drains: which pods are replaced, and what happens to the connections on them.',
  ...resourceVariables('AppDeployment'),
  rows: [
    {
      title: 'State',
      panels: [
        ...healthPanels('AppDeployment'),
        number(
          'Draining connections',
          'Connections still open on pods of old versions.',
          'short',
          value(resources.drainingConnections, 'sum'),
        ),
        number(
          'Severed in the last rollouts',
          'Connections that the latest rollouts cut, by deadline or node loss. Anything but 0 needs a look at the drain settings.',
          'short',
          value(resources.rolloutConnections, 'sum', { where: { outcome: '=~"severed.*"' } }),
        ),
      ],
    },
    {
      title: 'Rollout',
      panels: [
        lines('Pods', 'Pods asked for, ready, and of the current revision.', 'short', [
          { query: value(resources.replicas, 'sum', { by: ['name'], where: ofKind }), legend: '{{name}} asked for' },
          { query: value(resources.readyReplicas, 'sum', { by: ['name'], where: ofKind }), legend: '{{name}} ready' },
          { query: value(resources.updatedReplicas, 'sum', { by: ['name'] }), legend: '{{name}} updated' },
        ]),
        lines('Versions', 'Pods by the version that they say they run.', 'short', [
          { query: value(apps.info, 'sum', { by: ['name', 'version'], where }), legend: '{{name}} {{version}}' },
        ]),
        lines('Duration of the last rollout', 'Time until the last old pod was gone.', 's', [
          { query: value(resources.rolloutSeconds, 'max', { by: ['name'] }), legend: '{{name}}' },
        ]),
      ],
    },
    {
      title: 'Drain',
      panels: [
        lines('Draining pods', 'Pods of old versions that wait for their connections to end.', 'short', [
          { query: value(resources.drainingPods, 'sum', { by: ['name'] }), legend: '{{name}}' },
        ]),
        lines('Connections on draining pods', 'They should fall to zero before the deadline.', 'short', [
          { query: value(resources.drainingConnections, 'sum', { by: ['name'] }), legend: '{{name}}' },
        ]),
        lines('How connections ended', 'Connections of the pods that the latest rollout retired.', 'short', [
          {
            query: value(resources.rolloutConnections, 'sum', { by: ['name', 'outcome'] }),
            legend: '{{name}} {{outcome}}',
          },
        ]),
      ],
    },
    {
      title: 'Traffic of apps that export http_requests_total',
      panels: [
        lines('Requests', 'Requests answered per second, by status code.', 'ops', [
          { query: rate(apps.requests, { by: ['name', 'code'], where }), legend: '{{name}} {{code}}' },
        ]),
        lines('Failed requests', 'Requests answered with a 5xx code per second.', 'ops', [
          { query: orZero(rate(apps.requests, { where: { ...where, code: '=~"5.."' } })), legend: '5xx' },
        ]),
        lines('Duration', 'Time to answer a request: half and 99 % are faster.', 's', [
          { query: quantile(0.5, apps.requestSeconds, { by: ['name'], where }), legend: '{{name}} half' },
          { query: quantile(0.99, apps.requestSeconds, { by: ['name'], where }), legend: '{{name}} 99 %' },
        ]),
        lines('Open connections', 'Connections open on all pods of the app, WebSockets included.', 'short', [
          { query: value(apps.openConnections, 'sum', { by: ['name'], where }), legend: '{{name}}' },
          { query: value(apps.openWebSockets, 'sum', { by: ['name'], where }), legend: '{{name}} WebSockets' },
        ]),
        lines('Connections by pod', 'How evenly the connections are spread.', 'short', [
          { query: value(apps.openConnections, 'sum', { by: ['pod'], where }), legend: '{{pod}}' },
        ]),
      ],
    },
  ],
};

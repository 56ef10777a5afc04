import { resourceMetrics } from '../../../operator/resource-metrics.ts';
import { type DashboardDefinition, lines, number } from './dashboard.ts';
import { appOf, healthPanels, resourceVariables } from './parts.ts';
import { orZero, quantile, rate, state, value } from './promql.ts';
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
          state(resources.drainingConnections, 'sum'),
        ),
        number(
          'Severed in the last rollouts',
          'Connections that the latest rollouts cut, by deadline or node loss. Anything but 0 needs a look at the drain settings.',
          'short',
          state(resources.rolloutConnections, 'sum', { where: { outcome: '=~"severed.*"' } }),
        ),
      ],
    },
    {
      title: 'Rollout',
      panels: [
        lines('Pods', 'Pods asked for, ready, and of the current revision.', 'short', [
          {
            query: state(resources.replicas, 'sum', { by: ['namespace', 'name'], where: ofKind }),
            legend: '{{namespace}}/{{name}} asked for',
          },
          {
            query: state(resources.readyReplicas, 'sum', { by: ['namespace', 'name'], where: ofKind }),
            legend: '{{namespace}}/{{name}} ready',
          },
          {
            query: state(resources.updatedReplicas, 'sum', { by: ['namespace', 'name'] }),
            legend: '{{namespace}}/{{name}} updated',
          },
        ]),
        lines('Versions', 'Pods by the version that they say they run.', 'short', [
          {
            query: value(apps.info, 'sum', { by: ['namespace', 'name', 'version'], where }),
            legend: '{{namespace}}/{{name}} {{version}}',
          },
        ]),
        lines('Duration of the last rollout', 'Time until the last old pod was gone.', 's', [
          {
            query: state(resources.rolloutSeconds, 'max', { by: ['namespace', 'name'] }),
            legend: '{{namespace}}/{{name}}',
          },
        ]),
      ],
    },
    {
      title: 'Drain',
      panels: [
        lines('Draining pods', 'Pods of old versions that wait for their connections to end.', 'short', [
          {
            query: state(resources.drainingPods, 'sum', { by: ['namespace', 'name'] }),
            legend: '{{namespace}}/{{name}}',
          },
        ]),
        lines('Connections on draining pods', 'They should fall to zero before the deadline.', 'short', [
          {
            query: state(resources.drainingConnections, 'sum', { by: ['namespace', 'name'] }),
            legend: '{{namespace}}/{{name}}',
          },
        ]),
        lines('How connections ended', 'Connections of the pods that the latest rollout retired.', 'short', [
          {
            query: state(resources.rolloutConnections, 'sum', { by: ['namespace', 'name', 'outcome'] }),
            legend: '{{namespace}}/{{name}} {{outcome}}',
          },
        ]),
      ],
    },
    {
      title: 'Traffic of apps that export http_requests_total',
      panels: [
        lines('Requests', 'Requests answered per second, by status code.', 'ops', [
          {
            query: rate(apps.requests, { by: ['namespace', 'name', 'code'], where }),
            legend: '{{namespace}}/{{name}} {{code}}',
          },
        ]),
        lines('Failed requests', 'Requests answered with a 5xx code per second.', 'ops', [
          { query: orZero(rate(apps.requests, { where: { ...where, code: '=~"5.."' } })), legend: '5xx' },
        ]),
        lines('Duration', 'Time to answer a request: half and 99 % are faster.', 's', [
          {
            query: quantile(0.5, apps.requestSeconds, { by: ['namespace', 'name'], where }),
            legend: '{{namespace}}/{{name}} half',
          },
          {
            query: quantile(0.99, apps.requestSeconds, { by: ['namespace', 'name'], where }),
            legend: '{{namespace}}/{{name}} 99 %',
          },
        ]),
        lines('Open connections', 'Connections open on all pods of the app, WebSockets included.', 'short', [
          {
            query: value(apps.openConnections, 'sum', { by: ['namespace', 'name'], where }),
            legend: '{{namespace}}/{{name}}',
          },
          {
            query: value(apps.openWebSockets, 'sum', { by: ['namespace', 'name'], where }),
            legend: '{{namespace}}/{{name}} WebSockets',
          },
        ]),
        lines('Connections by pod', 'How evenly the connections are spread.', 'short', [
          { query: value(apps.openConnections, 'sum', { by: ['pod'], where }), legend: '{{pod}}' },
        ]),
      ],
    },
  ],
};

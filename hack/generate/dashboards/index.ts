import { appDeploymentDashboard } from './app-deployment.ts';
import type { DashboardDefinition } from './dashboard.ts';
import { operatorDashboard } from './operator.ts';
import { orderBookDashboard } from './order-book.ts';
import type { Scope } from './promql.ts';
import { sequenceCounterDashboard } from './sequence-counter.ts';

export const dashboards: readonly DashboardDefinition[] = [
  appDeploymentDashboard,
  sequenceCounterDashboard,
  orderBookDashboard,
  operatorDashboard,
];

export interface DashboardQuery {
  readonly dashboard: string;
  readonly panel: string;
  readonly expr: string;
}

/**
 * Every query of every panel within a scope, to be run against a Prometheus. `matchers` holds PromQL matchers by label with
 * their operator, such as `{ namespace: '="sluice-demo"' }`; only those for variables of a dashboard reach its queries.
 */
export function dashboardQueries(matchers: Scope['matchers'] = {}, window = '1m'): DashboardQuery[] {
  return dashboards.flatMap(({ title, variables, rows }) => {
    const chosen = Object.fromEntries(
      Object.entries(matchers).filter(([label]) => (variables as string[]).includes(label)),
    );
    const scope: Scope = { matchers: chosen, window };
    return rows.flatMap(({ panels }) =>
      panels.flatMap((panel) =>
        panel.series.map(({ query }) => ({ dashboard: title, panel: panel.title, expr: query(scope) })),
      ),
    );
  });
}

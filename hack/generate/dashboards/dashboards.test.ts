import { describe, expect, test } from 'vitest';
import { dashboardQueries, dashboards } from './index.ts';
import { grafanaScope, renderDashboard } from './render.ts';

interface Rendered {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}

/** The panels as Grafana reads them. */
function rendered(dashboard: (typeof dashboards)[number]): readonly Rendered[] {
  const { panels }: { panels: readonly Rendered[] } = JSON.parse(JSON.stringify(renderDashboard(dashboard)));
  return panels;
}

const overlap = (a: Rendered['gridPos'], b: Rendered['gridPos']) =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

test('uids are unique and short enough for Grafana', () => {
  const uids = dashboards.map(({ uid }) => uid);
  expect(new Set(uids).size).toBe(uids.length);
  for (const uid of uids) expect(uid.length).toBeLessThanOrEqual(40);
});

describe.each(dashboards)('$title', (dashboard) => {
  const panels = rendered(dashboard);

  test('panels have ids of their own and lie beside each other', () => {
    const ids = panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [index, panel] of panels.entries()) {
      const under = panels.slice(index + 1).filter((other) => overlap(panel.gridPos, other.gridPos));
      expect(under.map(({ title }) => title)).toEqual([]);
    }
  });

  test('every query is narrowed down by every variable', () => {
    for (const { expr } of panels.flatMap(({ targets = [] }) => targets)) {
      for (const label of dashboard.variables) expect(expr).toContain(`${label}=~"$${label}"`);
    }
  });

  test('the queries that are tested against Prometheus are those that Grafana runs', () => {
    const { matchers, window } = grafanaScope(dashboard);
    const tested = dashboardQueries(matchers, window).filter((query) => query.dashboard === dashboard.title);
    const shown = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(tested.map(({ expr }) => expr)).toEqual(shown);
    expect(shown.length).toBeGreaterThan(10);
  });

  test('every panel has a sentence', () => {
    for (const { description } of dashboard.rows.flatMap((row) => row.panels))
      expect(description).toMatch(/^[A-Z\d].*\.$/);
  });
});

test('matchers for variables that a dashboard does not have are left out', () => {
  expect(dashboardQueries({ node: '="a"' }).filter(({ expr }) => expr.includes('node='))).toEqual([]);
});

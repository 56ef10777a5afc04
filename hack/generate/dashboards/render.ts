import {
  BigValueGraphMode,
  type DataSourceRef,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { DashboardDefinition, Panel } from './dashboard.ts';
import type { Scope, TargetLabel } from './promql.ts';

const TAG = 'sluice';
const datasource: DataSourceRef = { type: 'prometheus', uid: '$datasource' };

/** The matchers that Grafana's variables stand for. */
export function grafanaScope({ variables }: DashboardDefinition): Scope {
  return { matchers: matchersOf(variables), window: '$__rate_interval' };
}

function matchersOf(labels: readonly TargetLabel[]): Scope['matchers'] {
  return Object.fromEntries(labels.map((label) => [label, `=~"$${label}"`]));
}

/** The dashboard as Grafana 12 and later import and provision it. */
export function renderDashboard(definition: DashboardDefinition): Dashboard {
  const scope = grafanaScope(definition);
  const builder = new DashboardBuilder(definition.title)
    .uid(definition.uid)
    .description(definition.description)
    .tags([TAG])
    .timezone('browser')
    .time({ from: 'now-30m', to: 'now' })
    .refresh('10s')
    .tooltip(DashboardCursorSync.Crosshair)
    .link(
      new DashboardLinkBuilder('Other Sluice dashboards')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(true)
        .includeVars(true)
        .keepTime(true),
    )
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'));
  for (const variable of variablesOf(definition)) builder.withVariable(variable);
  let id = 0;
  for (const row of definition.rows) {
    builder.withRow(new RowBuilder(row.title).id(++id));
    for (const panel of row.panels) builder.withPanel(renderPanel(panel, scope).id(++id));
  }
  return builder.build();
}

/** One variable per label; each offers only values that exist under the choices before it. */
function variablesOf({ variables, variablesFrom: { metric, matchers } }: DashboardDefinition): QueryVariableBuilder[] {
  return variables.map((label, index) => {
    const under = { ...matchers, ...matchersOf(variables.slice(0, index)) };
    const selector = Object.entries(under).map(([name, matcher]) => `${name}${matcher}`);
    return (
      new QueryVariableBuilder(label)
        .label(label.charAt(0).toUpperCase() + label.slice(1))
        .datasource(datasource)
        .query(`label_values(${metric}{${selector.join(', ')}}, ${label})`)
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .sort(VariableSort.AlphabeticalAsc)
        .multi(true)
        .includeAll(true)
        // Not `.+`: a Prometheus that serves one cluster often adds no cluster label.
        .allValue('.*')
        .current({ selected: true, text: 'All', value: '$__all' })
    );
  });
}

function renderPanel(panel: Panel, scope: Scope): StatBuilder | TimeseriesBuilder {
  const builder = panel.kind === 'stat' ? stat() : timeseries();
  builder.title(panel.title).description(panel.description).datasource(datasource).unit(panel.unit).min(0);
  for (const [index, { query, legend }] of panel.series.entries()) {
    const target = new DataqueryBuilder()
      .refId(String.fromCharCode(65 + index))
      .datasource(datasource)
      .expr(query(scope));
    builder.withTarget(panel.kind === 'stat' ? target.instant() : target.range().legendFormat(legend));
  }
  return builder;
}

function stat(): StatBuilder {
  return new StatBuilder()
    .span(4)
    .height(4)
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']));
}

function timeseries(): TimeseriesBuilder {
  return new TimeseriesBuilder()
    .span(8)
    .height(8)
    .fillOpacity(10)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi));
}

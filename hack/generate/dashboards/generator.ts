import { stringify } from 'yaml';
import type { GeneratedFile, Generator } from '../generator.ts';
import { dashboards } from './index.ts';
import { renderDashboard } from './render.ts';

export const dashboardGenerator: Generator = {
  name: 'dashboards',
  directories: ['config/grafana'],
  files: () => [...dashboards.map(dashboardFile), kustomization()],
};

function dashboardFile(dashboard: (typeof dashboards)[number]): GeneratedFile {
  const content = `${JSON.stringify(renderDashboard(dashboard), null, 2)}\n`;
  return { path: `config/grafana/${dashboard.uid}.json`, content };
}

/** A ConfigMap that the dashboard sidecar of the Grafana chart finds by its label. */
function kustomization(): GeneratedFile {
  const yaml = stringify({
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    namespace: 'sluice-monitoring',
    configMapGenerator: [
      {
        name: 'sluice-dashboards',
        files: dashboards.map(({ uid }) => `${uid}.json`),
        options: {
          // The same name after each change: the sidecar replaces the dashboards instead of adding a second set.
          disableNameSuffixHash: true,
          labels: { grafana_dashboard: '1' },
          annotations: { grafana_folder: 'Sluice' },
        },
      },
    ],
  });
  return {
    path: 'config/grafana/kustomization.yaml',
    content: `# Generated from hack/generate/dashboards by \`make generate\`; do not edit.\n${yaml}`,
  };
}

/** The benchmark's operator with @sluice/runtime: a Widget owns a ConfigMap, a Secret and a Service. */
import { hostname } from 'node:os';
import * as runtime from '@sluice/runtime';
import { createLogger, createRegistry } from '@sluice/runtime/telemetry';

interface Widget extends runtime.KubeObject {
  spec: { message: string };
  status?: { ready: boolean; observedGeneration: number };
}
const Widget: runtime.Resource<Widget> = {
  group: 'bench.sluice.dev',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
};
const Secret: runtime.Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true };

const widgets = runtime
  .controller(Widget)
  .owns(runtime.ConfigMap)
  .owns(Secret)
  .owns(runtime.Service)
  .concurrency(10)
  .reconcile(async (key, ctx) => {
    const widget = ctx.cache.get(Widget, key);
    if (widget === undefined) return runtime.done();
    const { message } = widget.spec;
    const child = (kind: string) => ({
      apiVersion: 'v1',
      kind,
      metadata: { ...key, ownerReferences: [runtime.controllerReference(widget)] },
    });
    const encoded = Buffer.from(message).toString('base64');
    const apply = [
      { resource: runtime.ConfigMap, object: { ...child('ConfigMap'), data: { message } } },
      { resource: Secret, object: { ...child('Secret'), data: { message: encoded } } },
      {
        resource: runtime.Service,
        object: { ...child('Service'), spec: { clusterIP: 'None', ports: [{ name: 'http', port: 80 }] } },
      },
    ];
    const status = { ready: true, observedGeneration: widget.metadata.generation ?? 0 };
    await runtime.executePlan(ctx, Widget, widget, { apply, delete: [], status, events: [] });
    return runtime.done();
  });

const [log, registry] = [createLogger('widgets'), createRegistry()];
// As in a pod: the address from the environment, token and authority from the folder of the service account.
const credentials = runtime.inClusterCredentials(process.env, process.env.SERVICE_ACCOUNT_FOLDER);
const cluster = runtime.connectCluster(credentials, { registry, userAgent: 'widgets' });
const who = { identity: hostname(), reportingController: 'bench.sluice.dev/widgets' };
await runtime.runManager(
  { cluster, controllers: [widgets], log, registry, metricsPort: 0, ...who },
  runtime.terminationSignal(),
);
cluster.close();

import { hostname } from 'node:os';
import * as runtime from '@sluice/runtime';
import { createLogger, createRegistry } from '@sluice/runtime/telemetry';

/** A Greeting makes a ConfigMap of its own name with a line for each of `spec.names`. */
export interface Greeting extends runtime.KubeObject {
  spec: { names: string[] };
  status?: { greeted: number };
}
const type = { group: 'example.org', version: 'v1', kind: 'Greeting', plural: 'greetings', namespaced: true };
export const Greeting: runtime.Resource<Greeting> = type;

export const greetings = runtime
  .controller(Greeting)
  .owns(runtime.ConfigMap)
  .reconcile(async (key, ctx) => {
    const greeting = ctx.cache.get(Greeting, key);
    if (greeting === undefined) return runtime.done(); // Its ConfigMap goes with it, by the owner reference.
    const { names } = greeting.spec;
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...key, ownerReferences: [runtime.controllerReference(greeting)] },
      data: Object.fromEntries(names.map((name) => [name, `Hello, ${name}!`])),
    };
    const apply = [{ resource: runtime.ConfigMap, object }];
    const status = { greeted: names.length };
    await runtime.executePlan(ctx, Greeting, greeting, { apply, delete: [], status, events: [] });
    return runtime.done();
  });

if (import.meta.main) {
  const [log, registry] = [createLogger('greetings'), createRegistry()];
  const cluster = await runtime.connectKubeconfig({}, { registry });
  const who = { identity: hostname(), reportingController: 'example.org/greetings' };
  const metricsPort = Number(process.env.METRICS_PORT ?? 9090);
  const parts = { cluster, controllers: [greetings], log, registry, metricsPort };
  await runtime.runManager({ ...parts, ...who }, runtime.terminationSignal());
  cluster.close();
}

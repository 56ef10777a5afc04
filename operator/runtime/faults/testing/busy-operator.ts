/**
 * An operator that never rests: for each Greeting it makes one ConfigMap, deletes the one before and counts up the status,
 * again and again. A process of its own, so that it can be frozen. IDENTITY, NAMESPACE and KUBECONFIG come from the environment.
 */
import * as runtime from '@sluice/runtime';
import { createLogger, createRegistry } from '@sluice/runtime/telemetry';

interface Greeting extends runtime.KubeObject {
  status?: { greeted: number };
}
const Greeting: runtime.Resource<Greeting> = {
  group: 'example.org',
  version: 'v1',
  kind: 'Greeting',
  plural: 'greetings',
  namespaced: true,
};

const busy = runtime
  .controller(Greeting)
  .owns(runtime.ConfigMap)
  .reconcile(async (key, ctx) => {
    const greeting = ctx.cache.get(Greeting, key);
    if (greeting === undefined) return runtime.done();
    const turn = (greeting.status?.greeted ?? 0) + 1;
    const child = (name: string) => ({ ...key, name: `${key.name}-${name}` });
    const [now, before] = turn % 2 === 0 ? ['even', 'odd'] : ['odd', 'even'];
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...child(now), ownerReferences: [runtime.controllerReference(greeting)] },
      data: { turn: String(turn) },
    };
    const old = ctx.cache.get(runtime.ConfigMap, child(before));
    // A stop mostly falls in here, between what was decided and what is written: a process that waits for the network would
    // run its timers first when it goes on, and they end the term.
    for (const until = performance.now() + 5; performance.now() < until; );
    await runtime.executePlan(ctx, Greeting, greeting, {
      apply: [{ resource: runtime.ConfigMap, object }],
      delete: old === undefined ? [] : [{ resource: runtime.ConfigMap, object: old }],
      status: { greeted: turn },
      events: [],
    });
    return runtime.requeueAfter(10);
  });

const { IDENTITY: identity = '', NAMESPACE: namespace = '' } = process.env;
const registry = createRegistry();
const cluster = await runtime.connectKubeconfig({}, { registry, userAgent: identity });
await runtime.runManager(
  {
    cluster,
    controllers: [busy],
    log: createLogger(identity),
    registry,
    identity,
    reportingController: 'example.org/busy',
    metricsPort: 0,
    leaderElection: { namespace, name: 'busy', durations: { leaseMs: 2_000, renewMs: 1_400, retryMs: 250 } },
  },
  runtime.terminationSignal(),
);
cluster.close();

import { type Cluster, ConfigMap, type KubeObject, type Resource, Service } from '@sluice/runtime';
import { namespace } from './stage.ts';

export interface Widget extends KubeObject {
  spec: { message: string };
  status?: { ready?: boolean; observedGeneration?: number };
}
export const Widget: Resource<Widget> = {
  group: 'bench.sluice.dev',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
};
const Secret: Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true };

export async function createWidget({ client }: Cluster, name: string): Promise<void> {
  await client.create(Widget, {
    apiVersion: 'bench.sluice.dev/v1',
    kind: 'Widget',
    metadata: { name, namespace },
    spec: { message: `hello from ${name}` },
  });
}

/** Creates all of `names`, `parallel` at a time, as fast as the API server takes them. */
export async function createAll(cluster: Cluster, names: readonly string[], parallel: number): Promise<void> {
  const waiting = names.values();
  const worker = async (): Promise<void> => {
    for (const name of waiting) await createWidget(cluster, name);
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}

/** Creates one of `names` every `everyMs`, on schedule however long a creation takes. */
export async function createPaced(cluster: Cluster, names: readonly string[], everyMs: number): Promise<void> {
  const start = performance.now();
  await Promise.all(
    names.map(async (name, index) => {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, start + index * everyMs - performance.now())));
      await createWidget(cluster, name);
    }),
  );
}

const isReady = ({ metadata, status }: Widget): boolean =>
  status?.ready === true && status.observedGeneration === metadata.generation;

export interface ReadyWatch {
  /** Resolves when `count` Widgets have been seen Ready since the start, with the time of the last one (Date.now). */
  reached(count: number, signal: AbortSignal): Promise<number>;
  stop(): Promise<void>;
}

/** Watches all Widgets until it is stopped; those that are Ready already count too. */
export function watchReady(cluster: Cluster): ReadyWatch {
  const ready = new Set<string>();
  const times: number[] = [];
  const ended = new AbortController();
  let failure: unknown;
  const see = (widget: Widget): void => {
    const { name } = widget.metadata;
    if (ready.has(name) || !isReady(widget)) return;
    ready.add(name);
    times.push(Date.now());
  };
  const watching = (async () => {
    // A server under load ends a watch that is slow: then everything is listed again.
    while (!ended.signal.aborted) await listAndWatch(cluster, see, ended.signal);
  })().catch((error: unknown) => {
    if (!ended.signal.aborted) failure = error;
  });
  return {
    async reached(count, signal) {
      for (;;) {
        const last = times[count - 1];
        if (last !== undefined) return last;
        if (failure !== undefined) throw failure;
        if (signal.aborted) throw new Error(`${times.length} of ${count} Widgets were Ready: ${String(signal.reason)}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async stop() {
      ended.abort();
      await watching;
    },
  };
}

async function listAndWatch(
  { client, transport }: Cluster,
  see: (widget: Widget) => void,
  signal: AbortSignal,
): Promise<void> {
  const { items, resourceVersion } = await client.list(Widget, { namespace, signal });
  items.forEach(see);
  const path = `/apis/bench.sluice.dev/v1/namespaces/${namespace}/widgets?watch=1&resourceVersion=${resourceVersion}`;
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of transport.stream({ path, timeoutMs: 3_600_000, signal })) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const { type, object }: { type: string; object: Widget } = JSON.parse(line);
      if (type === 'ERROR') return;
      see(object);
    }
  }
}

/** Throws unless every Widget is Ready and owns one child of each kind. */
export async function verify({ client }: Cluster, count: number): Promise<void> {
  const { items: widgets } = await client.list(Widget, { namespace });
  const ready = widgets.filter(isReady).length;
  if (ready !== count) throw new Error(`${ready} of ${count} Widgets are Ready at the end`);
  const uids = new Map(widgets.map(({ metadata }) => [metadata.name, metadata.uid]));
  for (const resource of [ConfigMap, Secret, Service]) {
    const { items } = await client.list<KubeObject>(resource, { namespace });
    const owned = items.filter(({ metadata: { name, ownerReferences = [] } }) =>
      ownerReferences.some(({ uid }) => uid === uids.get(name)),
    ).length;
    if (owned !== count) throw new Error(`${owned} of ${count} Widgets have their ${resource.kind}`);
  }
}

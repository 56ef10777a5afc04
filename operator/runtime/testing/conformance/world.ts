import {
  type Cluster,
  ConfigMap,
  CustomResourceDefinition,
  KubeApiError,
  type KubeClient,
  type KubeObject,
  Namespace,
  type ObjectKey,
  Pod,
  type Resource,
} from '../../kube/index.ts';
import { collectionPath } from '../../kube/paths.ts';
import { createLineSplitter } from '../../watch/lines.ts';
import { Widget, widgetDefinition } from './widget.ts';

/** An API server under test. */
export interface Bed {
  readonly cluster: Cluster;
  /** Lets a little time go by: real time, or that of a virtual clock. */
  pass(): Promise<void>;
  /** Makes the server forget old versions. */
  compact(): Promise<void>;
}

export interface Seen {
  readonly type: string;
  readonly object: KubeObject & { readonly [field: string]: unknown };
}

/** A watch under way. */
export interface Watching {
  /** What came so far. */
  readonly seen: readonly Seen[];
  /** What ended it; undefined while it runs, `'end'` when the server ended it in order. */
  readonly over: () => unknown;
  stop(): Promise<void>;
}

export type WatchQuery = Readonly<Record<string, string | number | boolean | undefined>>;

/** A namespace of its own on the server under test, and what cases do all the time. */
export interface World {
  readonly cluster: Cluster;
  readonly client: KubeClient;
  readonly namespace: string;
  readonly compact: () => Promise<void>;
  key(name: string): ObjectKey;
  configMap(name: string, data?: Record<string, string>, metadata?: object): ConfigMap;
  widget(name: string, spec?: Widget['spec'], metadata?: object): Widget;
  /** Reads until it holds; throws after a good while. */
  eventually<T>(read: () => T | Promise<T>, holds: (value: T) => boolean): Promise<T>;
  watch(resource: Resource, query: WatchQuery, accept?: string): Watching;
}

/** The definition of the widgets, if it is not there yet, and a wait until they are served. */
export async function installWidgets(bed: Bed): Promise<void> {
  const { client } = bed.cluster;
  const { name } = widgetDefinition.metadata;
  const known = await client.get(CustomResourceDefinition, { namespace: '', name });
  if (known === undefined) await client.create(CustomResourceDefinition, widgetDefinition);
  await eventually(
    bed,
    () => client.list(Widget).catch(() => undefined),
    (found) => found !== undefined,
  );
}

export async function createWorld(bed: Bed, namespace: string): Promise<World> {
  const { cluster } = bed;
  const { client } = cluster;
  await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  return {
    cluster,
    client,
    namespace,
    compact: () => bed.compact(),
    key: (name) => ({ namespace, name }),
    configMap: (name, data = {}, metadata = {}) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace, ...metadata },
      data,
    }),
    widget: (name, spec = {}, metadata = {}) => ({
      apiVersion: 'conformance.example.org/v1',
      kind: 'Widget',
      metadata: { name, namespace, ...metadata },
      spec,
    }),
    eventually: (read, holds) => eventually(bed, read, holds),
    watch: (resource, query, accept) =>
      startWatch(cluster, collectionPath(resource, namespace, { watch: true, ...query }), accept),
  };
}

const PATIENCE = 1_500;

async function eventually<T>(bed: Bed, read: () => T | Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (let tries = 1; ; tries++) {
    const value = await read();
    if (holds(value)) return value;
    if (tries === PATIENCE)
      throw new Error(`it never came about; the last was ${JSON.stringify(value)?.slice(0, 2_000)}`);
    await bed.pass();
  }
}

function startWatch({ transport }: Cluster, path: string, accept?: string): Watching {
  const seen: Seen[] = [];
  const stop = new AbortController();
  let over: unknown;
  const run = async (): Promise<void> => {
    const split = createLineSplitter();
    const options = { path, timeoutMs: 120_000, signal: stop.signal, ...(accept === undefined ? {} : { accept }) };
    for await (const chunk of transport.stream(options)) {
      for (const line of split(chunk)) seen.push(JSON.parse(line) as Seen);
    }
  };
  const running = run().then(
    () => {
      over = 'end';
    },
    (error: unknown) => {
      over = error;
    },
  );
  return {
    seen,
    over: () => over,
    stop: () => {
      stop.abort(new Error('seen enough'));
      return running;
    },
  };
}

/** How the server refuses; throws when it does not. */
export async function refusal(call: Promise<unknown>): Promise<{ status: number; reason: string; message: string }> {
  const outcome = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('value' in outcome) throw new Error(`not refused: ${JSON.stringify(outcome.value)}`);
  if (!(outcome.error instanceof KubeApiError)) throw outcome.error;
  const { status, reason, message } = outcome.error;
  return { status, reason, message };
}

export interface Case {
  readonly name: string;
  readonly run: (world: World) => Promise<void>;
}

export const inOrder = (resource: Resource, world: World) => async (): Promise<string[]> =>
  (await world.client.list(resource, { namespace: world.namespace })).items.map(({ metadata }) => metadata.name);

/** All ConfigMaps that a test made; a real server puts one of its own into each namespace. */
export async function configMaps(world: World, selector: object = {}): Promise<ConfigMap[]> {
  const { items } = await world.client.list(ConfigMap, { namespace: world.namespace, ...selector });
  return items.filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt');
}

/** A real server wants the service account of the namespace first, which its controllers make. */
export async function createPod(world: World, name: string, spec: object): Promise<Pod> {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: world.namespace },
    spec: { containers: [{ name: 'a', image: 'a' }], ...spec },
  };
  const made = await world.eventually(
    () =>
      world.client.create(Pod, pod).catch((error: unknown) => {
        if (error instanceof KubeApiError && error.status === 403) return undefined;
        throw error;
      }),
    (found) => found !== undefined,
  );
  return made ?? pod;
}

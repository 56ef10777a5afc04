import fc from 'fast-check';
import { ConfigMap, KubeApiError, type KubeClient, type KubeObject, type Resource } from '../../kube/index.ts';
import { objectPath } from '../../kube/paths.ts';
import { Widget } from './widget.ts';
import type { World } from './world.ts';

// The same random requests to two API servers, and a form of their answers in which equal means equal: without what is
// the server's own choice, such as uids, versions and times.

type Kind = 'ConfigMap' | 'Widget';
/** Which of the versions that were seen of an object a write is based on. */
type Basis = 'newest' | 'older' | 'none';

interface Body {
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly finalizers?: string[];
  /** Fields of a ConfigMap, or of a widget. */
  readonly fields: object;
}

export type Command =
  | { readonly verb: 'create' | 'read'; readonly kind: Kind; readonly name: string; readonly body: Body }
  | {
      readonly verb: 'replace' | 'patch';
      readonly kind: Kind;
      readonly name: string;
      readonly basis: Basis;
      readonly body: Body;
    }
  | {
      readonly verb: 'apply';
      readonly kind: Kind;
      readonly name: string;
      readonly manager: string;
      readonly force: boolean;
      readonly basis: Basis;
      readonly body: Body;
    }
  | {
      readonly verb: 'applyStatus';
      readonly name: string;
      readonly manager: string;
      readonly force: boolean;
      readonly status: object;
    }
  | { readonly verb: 'patchStatus'; readonly name: string; readonly status: object }
  | { readonly verb: 'delete'; readonly kind: Kind; readonly name: string }
  | { readonly verb: 'list'; readonly kind: Kind; readonly labelSelector: string };

const some = <T>(values: readonly T[]) => fc.constantFrom(...values);
const mapOf = (keys: readonly string[], minKeys = 0) =>
  fc.dictionary(some(keys), some(['1', '2']), { minKeys, maxKeys: Math.min(3, keys.length) });

/** Each field is there or not: what is left out is what server-side apply is about. */
const optional = <T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(fields, { requiredKeys: [] });

const port = fc.record(
  {
    name: some(['a', 'b', 'c']),
    protocol: some(['TCP', 'UDP']),
    port: some([80, 81]),
    label: some(['x', 'y']),
  },
  { requiredKeys: ['name'] },
);

const widgetSpec = optional({
  // Now and then what the schema refuses.
  size: some([1, 2, 3, 4, 5, 0]),
  mode: some(['fast', 'safe', 'fast', 'safe', 'slow']),
  note: some(['a', 'b']),
  ports: fc.uniqueArray(port, { maxLength: 3, selector: ({ name, protocol = 'TCP' }) => `${name} ${protocol}` }),
  tags: fc.uniqueArray(some(['a', 'b', 'c', 'd']), { maxLength: 3 }),
  steps: fc.array(some(['a', 'b']), { maxLength: 2 }),
  limits: mapOf(['a', 'b', 'c']),
  target: optional({ host: some(['h', 'i']), path: some(['/', '/p']) }),
  free: fc.oneof(mapOf(['a', 'b']), fc.constant({ deep: { a: [1, 2] } })),
});

const widgetStatus = optional({
  phase: some(['up', 'down']),
  replicas: some([1, 2]),
  conditions: fc.uniqueArray(fc.record({ type: some(['A', 'B', 'C']), status: some(['True', 'False']) }), {
    maxLength: 3,
    selector: ({ type }) => type,
  }),
});

/**
 * Never empty: an empty map of metadata that was applied leaves a trace in the bytes that the real server stores, which
 * the next write, though it changes nothing that shows, replaces as a new version. The model knows no bytes.
 */
const metadata = {
  labels: mapOf(['l', 'm'], 1),
  annotations: mapOf(['n'], 1),
  finalizers: fc.subarray(['example.org/a', 'example.org/b'], { minLength: 1 }),
};

const bodyOf = (kind: Kind): fc.Arbitrary<Body> =>
  fc.record(
    {
      ...metadata,
      fields: kind === 'ConfigMap' ? optional({ data: mapOf(['x', 'y', 'z']) }) : optional({ spec: widgetSpec }),
    },
    { requiredKeys: ['fields'] },
  );

const names = some(['a', 'b']);
const managers = some(['one', 'two', 'three']);
const basis: fc.Arbitrary<Basis> = some(['newest', 'newest', 'none', 'none', 'older']);

function commandsOf(kind: Kind): fc.Arbitrary<Command>[] {
  const to = { kind: fc.constant(kind), name: names, body: bodyOf(kind) };
  return [
    fc.record({ ...to, verb: some(['create', 'create', 'read'] as const) }),
    fc.record({ ...to, verb: some(['replace', 'patch'] as const), basis }),
    fc.record({ ...to, verb: fc.constant('apply' as const), manager: managers, force: fc.boolean(), basis }),
    fc.record({ ...to, verb: fc.constant('apply' as const), manager: managers, force: fc.boolean(), basis }),
    fc.record({ verb: fc.constant('delete' as const), kind: fc.constant(kind), name: names }),
    fc.record({
      verb: fc.constant('list' as const),
      kind: fc.constant(kind),
      labelSelector: some(['', 'l=1', 'l!=1', 'm', '!m', 'l in (1,2)', 'm notin (2)']),
    }),
  ];
}

export const command: fc.Arbitrary<Command> = fc.oneof(
  ...commandsOf('ConfigMap'),
  ...commandsOf('Widget'),
  fc.record({
    verb: fc.constant('applyStatus' as const),
    name: names,
    manager: managers,
    force: fc.boolean(),
    status: widgetStatus,
  }),
  fc.record({ verb: fc.constant('patchStatus' as const), name: names, status: widgetStatus }),
);

const resources: Record<Kind, Resource> = { ConfigMap, Widget };

/** Sends commands to one server and says what came of each. */
export class Player {
  readonly #world: World;
  readonly #client: KubeClient;
  /** Versions seen of each object, the newest last. */
  readonly #seen = new Map<string, KubeObject[]>();
  readonly #names = new Map<string, string>();

  constructor(world: World) {
    this.#world = world;
    this.#client = world.client;
  }

  async play(command: Command): Promise<unknown> {
    try {
      const answer = await this.#send(command);
      return this.#plain(answer);
    } catch (error) {
      if (!(error instanceof KubeApiError)) throw error;
      const { status, reason, message, conflicts } = error;
      // Sentences are the server's own, but for the one that people act on.
      return conflicts.length === 0 ? { status, reason } : { status, reason, message };
    }
  }

  /** All objects there are, with their owners. */
  async end(): Promise<unknown> {
    const { namespace } = this.#world;
    const found: unknown[] = [];
    for (const resource of Object.values(resources)) {
      const { items } = await this.#client.list(resource, { namespace });
      for (const { metadata } of items.filter(isOurs)) {
        found.push(await this.#client.raw('GET', objectPath(resource, { namespace, name: metadata.name })));
      }
    }
    return this.#plain(found);
  }

  async #send(command: Command): Promise<unknown> {
    const { namespace, key } = this.#world;
    switch (command.verb) {
      case 'create':
        return this.#remember(await this.#client.create(resources[command.kind], this.#object(command)));
      case 'read':
        return this.#client.get(resources[command.kind], key(command.name));
      case 'replace': {
        const path = objectPath(resources[command.kind], key(command.name));
        return this.#remember((await this.#client.raw('PUT', path, this.#object(command))) as KubeObject);
      }
      case 'patch': {
        const { apiVersion: _, kind: __, ...patch } = this.#object(command);
        return this.#remember(await this.#client.mergePatch(resources[command.kind], key(command.name), patch));
      }
      case 'apply': {
        const { manager: fieldManager, force } = command;
        const options = { fieldManager, force };
        return this.#remember(await this.#client.apply(resources[command.kind], this.#object(command), options));
      }
      case 'applyStatus': {
        const { manager: fieldManager, force, status } = command;
        const object = { ...this.#object({ kind: 'Widget', name: command.name, body: { fields: {} } }), status };
        const options = { fieldManager, force, subresource: 'status' } as const;
        return this.#remember(await this.#client.apply(Widget, object, options));
      }
      case 'patchStatus': {
        const patch = { status: command.status };
        return this.#remember(
          await this.#client.mergePatch(Widget, key(command.name), patch, { subresource: 'status' }),
        );
      }
      case 'delete': {
        const [newest] = this.#versions(command.kind, command.name).slice(-1);
        const uid = newest?.metadata.uid ?? '11111111-2222-4333-8444-555555555555';
        return this.#client.delete(resources[command.kind], key(command.name), { preconditions: { uid } });
      }
      case 'list': {
        const { labelSelector } = command;
        const { items } = await this.#client.list(resources[command.kind], { namespace, labelSelector });
        // In lists the model never shows them.
        return items
          .filter(isOurs)
          .map((item) => ({ ...item, metadata: { ...item.metadata, managedFields: undefined } }));
      }
    }
  }

  #object({ kind, name, body, basis = 'none' }: { kind: Kind; name: string; body: Body; basis?: Basis }): KubeObject {
    const { fields, ...metadata } = body;
    const versions = this.#versions(kind, name);
    const based = basis === 'newest' ? versions.at(-1) : basis === 'older' ? versions.at(-2) : undefined;
    const resourceVersion = based?.metadata.resourceVersion;
    return {
      apiVersion: kind === 'ConfigMap' ? 'v1' : 'conformance.example.org/v1',
      kind,
      metadata: {
        name,
        namespace: this.#world.namespace,
        ...metadata,
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      ...structuredClone(fields),
    };
  }

  #versions(kind: string, name: string): KubeObject[] {
    const id = `${kind} ${name}`;
    const versions = this.#seen.get(id) ?? [];
    this.#seen.set(id, versions);
    return versions;
  }

  #remember(object: KubeObject): KubeObject {
    const versions = this.#versions(object.kind, object.metadata.name);
    if (versions.at(-1)?.metadata.resourceVersion !== object.metadata.resourceVersion) versions.push(object);
    return object;
  }

  /** The answer with names of our own for uids and versions, numbered as they appear, and without times. */
  #plain(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((entry: unknown) => this.#plain(entry));
    if (typeof value !== 'object' || value === null) return value;
    const fields = Object.entries(value)
      .filter(([field, entry]) => entry !== undefined && field !== 'time' && !isHollow(field, entry))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(fields.map(([field, entry]) => [field, this.#plainField(field, entry)]));
  }

  #plainField(field: string, entry: unknown): unknown {
    if (field === 'uid' || field === 'resourceVersion') return this.#nameOf(`${field} ${String(entry)}`);
    if (field === 'namespace') return 'ours';
    if (field === 'creationTimestamp' || field === 'deletionTimestamp') return 'some time';
    // Its order follows from times of whole seconds.
    if (field === 'managedFields') return this.#plain([...(entry as Entry[])].sort(byManager));
    return this.#plain(entry);
  }

  #nameOf(text: string): string {
    const known = this.#names.get(text) ?? `#${this.#names.size}`;
    this.#names.set(text, known);
    return known;
  }
}

const isOurs = ({ metadata }: KubeObject): boolean => metadata.name !== 'kube-root-ca.crt';

/** The last answer about an object that went with its last finalizer may show maps that would not have been stored. */
function isHollow(field: string, entry: unknown): boolean {
  return ['annotations', 'labels'].includes(field) && Object.keys(entry ?? {}).length === 0;
}

interface Entry {
  readonly manager: string;
  readonly operation: string;
  readonly subresource?: string;
}

function byManager(a: Entry, b: Entry): number {
  const text = ({ manager, operation, subresource = '' }: Entry): string => `${manager} ${operation} ${subresource}`;
  return text(a) < text(b) ? -1 : 1;
}

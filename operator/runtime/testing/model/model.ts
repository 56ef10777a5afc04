import type { Clock, Random } from '../../clock.ts';
import type { KubeObject, ObjectKey, Resource } from '../../kube/object.ts';
import type { CustomResourceDefinition } from '../../kube/resources.ts';
import type { TransportRequest } from '../../kube/transport.ts';
import { managedFields } from './apply.ts';
import { methodNotAllowed, noSuchPath } from './errors.ts';
import { evict } from './eviction.ts';
import { GarbageCollector } from './garbage-collector.ts';
import { cloneJson } from './json.ts';
import { builtInKinds, kindsOfDefinition, unknownKind } from './kinds.ts';
import { endNamespaces } from './namespaces.ts';
import { create, liveOf, patch, remove, replace, scaleOf, type WriteCall } from './operations.ts';
import { getAt, list, show, viewOf } from './reads.ts';
import { parseRoute, type Route } from './routes.ts';
import { type Stored, storageKey } from './storage.ts';
import { Store, type Write } from './store.ts';
import { watch } from './watch.ts';

/** What the model runs on, and what it serves beside the built-in resources. */
export interface ModelOptions {
  readonly clock: Clock;
  /** For the names of objects with generateName. */
  readonly random: Random;
  /** Resources besides the built-in ones; they have a status subresource, a generation and no schema. */
  readonly resources?: readonly Resource[];
  /** Definitions to serve from the start, with their schemas. More can be created like any object. */
  readonly crds?: readonly CustomResourceDefinition[];
  /** Namespaces besides `default` and `kube-system`. */
  readonly namespaces?: readonly string[];
  /** How long garbage collection and the end of a namespace take, in milliseconds. Default 0: the next timer. */
  readonly collectAfterMs?: () => number;
  /** Changes of one resource that are kept for watches; twice as many at most. Default 10,000. */
  readonly historyLimit?: number;
  /** Whether answers about one object carry metadata.managedFields. Default false: nobody in the runtime reads them. */
  readonly showManagedFields?: boolean;
}

/** A request as the model handles it. */
export type ModelRequest = Pick<TransportRequest, 'method' | 'path' | 'body' | 'contentType' | 'accept'> & {
  /** The user-agent. */
  readonly user: string;
  /** Reads see the state at this version: an API server whose cache is late. */
  readonly staleVersion?: number | undefined;
};

/**
 * An API server in memory: what it answers is what a real one answers, as the conformance suite shows. A request is decided
 * in one step, at one point of its clock. Controllers it has none but the garbage collector and the end of namespaces.
 */
export class ApiServerModel {
  readonly clock: Clock;
  readonly random: Random;
  readonly #store: Store;
  readonly #collector: GarbageCollector;
  readonly #routes = new Map<string, Route>();
  readonly #showsManagedFields: boolean;

  constructor(options: ModelOptions) {
    const { clock, random, historyLimit = 10_000, collectAfterMs = () => 0 } = options;
    this.#showsManagedFields = options.showManagedFields === true;
    this.clock = clock;
    this.random = random;
    this.#store = new Store({ clock, random, historyLimit });
    for (const kind of builtInKinds()) this.#store.serve(kind);
    for (const resource of options.resources ?? []) {
      if (this.#store.kind(resource.group, resource.version, resource.plural) === undefined) {
        this.#store.serve(unknownKind(resource));
      }
    }
    for (const crd of options.crds ?? []) this.#serveDefinition(crd);
    this.#store.onChange((_, { after }) => {
      if (after?.object.kind === 'CustomResourceDefinition')
        this.#serveDefinition(after.object as unknown as CustomResourceDefinition);
    });
    endNamespaces(this.#store, collectAfterMs);
    this.#collector = new GarbageCollector(this.#store, collectAfterMs);
    for (const name of ['default', 'kube-system', ...(options.namespaces ?? [])]) {
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
      this.handle({ method: 'POST', path: '/api/v1/namespaces', body, user: 'kube-apiserver' });
    }
  }

  /** The newest resourceVersion. */
  get version(): number {
    return this.#store.version;
  }

  /** Whether the garbage collector still has something to look at. */
  get isCollecting(): boolean {
    return this.#collector.isBusy;
  }

  /** Answers a request at once. Throws KubeApiError for what the server refuses. The answer shares nothing with the model. */
  handle(request: ModelRequest): unknown {
    const route = this.#route(request.path);
    const call: WriteCall = { store: this.#store, route, body: request.body, user: request.user };
    switch (request.method) {
      case 'GET':
        return this.#read(request, route);
      case 'POST':
        if (route.subresource === 'eviction') {
          evict(call);
          return SUCCESS;
        }
        if (route.name !== '') throw methodNotAllowed();
        return this.#answer(create(call));
      case 'PUT':
        return this.#answer(replace(call));
      case 'PATCH': {
        const written = patch(call, request.contentType);
        return route.subresource === 'scale' ? scaleOf(written) : this.#answer(written);
      }
      case 'DELETE': {
        if (route.name === '') throw methodNotAllowed();
        const left = remove(call);
        return left === undefined ? SUCCESS : this.#answer(left);
      }
    }
  }

  /** A watch as chunks of lines. Throws KubeApiError at the first step for what the server refuses. */
  watch(request: Pick<ModelRequest, 'path' | 'accept'>, signal?: AbortSignal): AsyncGenerator<Buffer> {
    const route = this.#route(request.path);
    const collection = this.#store.collectionOf(route.kind.resource);
    const newest = () => this.#store.version;
    return watch({ clock: this.clock, collection, route, view: viewOf(request.accept), newest, signal });
  }

  /** What is stored, without a copy: never change it. */
  peek<T extends KubeObject>(resource: Resource<T>, { namespace, name }: ObjectKey): Readonly<T> | undefined {
    return this.#store.collectionOf(resource).get(storageKey(namespace, name))?.object as T | undefined;
  }

  /** All objects of a resource, without copies and in no order that is promised: never change them. */
  objects<T extends KubeObject>(resource: Resource<T>): readonly Readonly<T>[] {
    return Array.from(this.#store.collectionOf(resource).values(), ({ object }) => object as unknown as T);
  }

  /** Calls `fn` after each write that was accepted, also those that changed nothing; the returned function ends it. */
  onWrite(fn: (write: Write) => void): () => void {
    return this.#store.onWrite(fn);
  }

  /** Forgets the history of all resources, as etcd does every five minutes: old versions are answered with 410 from now on. */
  compact(): void {
    for (const collection of this.#store.collections()) collection.compact();
  }

  #answer({ object, owners }: Stored): unknown {
    const shown = cloneJson(object);
    if (!this.#showsManagedFields || owners.length === 0) return shown;
    return { ...shown, metadata: { ...shown.metadata, managedFields: managedFields(owners) } };
  }

  #serveDefinition(definition: CustomResourceDefinition): void {
    this.#routes.clear();
    for (const kind of kindsOfDefinition(definition)) this.#store.serve(kind);
  }

  /** The same paths come again and again, and taking one apart costs more than many a request. */
  #route(path: string): Route {
    let route = this.#routes.get(path);
    if (route !== undefined) return route;
    route = parseRoute(path, (group, version, plural) => this.#store.kind(group, version, plural));
    if (route === undefined) throw noSuchPath();
    if (this.#routes.size >= MAX_ROUTES) this.#routes.clear();
    this.#routes.set(path, route);
    return route;
  }

  #read({ accept, staleVersion }: ModelRequest, route: Route): unknown {
    const { kind, namespace, name, subresource } = route;
    const collection = this.#store.collectionOf(kind.resource);
    const view = viewOf(accept);
    if (name === '') return cloneJson(list(collection, route, view, this.#store.version, staleVersion));
    if (subresource === 'scale' && kind.hasScale) return scaleOf(liveOf({ store: this.#store, route }));
    if (subresource !== '' && !(subresource === 'status' && kind.hasStatus)) throw noSuchPath();
    if (staleVersion === undefined) {
      const live = liveOf({ store: this.#store, route });
      return view === 'full' ? this.#answer(live) : cloneJson(show(live.object, view));
    }
    const found = getAt(collection, storageKey(namespace, name), staleVersion) ?? liveOf({ store: this.#store, route });
    return cloneJson(show(found.object, view));
  }
}

const MAX_ROUTES = 10_000;
const SUCCESS = { kind: 'Status', apiVersion: 'v1', status: 'Success' };

import { readFile } from 'node:fs/promises';
import { CoreV1Api, KubeConfig, loadYaml, type V1CustomResourceDefinitionVersion } from '@kubernetes/client-node';
import { Registry } from 'prom-client';
import { type Clock, type Random, systemClock } from '../clock.ts';
import { isConflict } from '../kube/client.ts';
import { type Cluster, connectCluster } from '../kube/cluster.ts';
import { configCredentials } from '../kube/kubeconfig.ts';
import type { KubeObject, ObjectKey } from '../kube/object.ts';
import { CustomResourceDefinition } from '../kube/resources.ts';
import { createEngine, type Engine } from './engine.ts';
import { bridgeLog } from './log-bridge.ts';
import { requestAuth } from './request-auth.ts';
import {
  asKubernetesObject,
  type OperatorLogger,
  type ResourceEvent,
  ResourceEventType,
  type ResourceMeta,
  ResourceMetaImpl,
} from './resource-event.ts';

/** So often a finalizer is tried while others change the same object; then the event is delivered again. */
const FINALIZER_TRIES = 5;

const silent: OperatorLogger = { debug() {}, info() {}, warn() {}, error() {} };

/** What the original has no place for. All of it has a default. */
export interface OperatorOptions {
  /** Default: the cluster of `kubeConfig`. The operator closes it when it has stopped. */
  readonly cluster?: Cluster;
  /** `controller_runtime_*` and `rest_client_*` metrics go here. */
  readonly registry?: Registry;
  readonly clock?: Clock;
  readonly random?: Random;
}

/**
 * The base class of `@dot-i/k8s-operator` over this runtime: an operator written for that package runs here by changing one
 * import. Events come one at a time, as there. They are made of levels, so what fails is repeated with the newest state and
 * nothing is told twice; docs/dot-i.md has the differences.
 */
export abstract class Operator {
  protected kubeConfig: KubeConfig;
  protected logger: OperatorLogger;
  readonly #options: OperatorOptions;
  readonly #stopping = new AbortController();
  #engine: Engine | undefined;
  #k8sApi: CoreV1Api | undefined;

  /** Loads the kubeconfig as kubectl does, or the service account of the pod. `logger` absent: nothing is logged. */
  constructor(logger?: OperatorLogger, options: OperatorOptions = {}) {
    this.logger = logger ?? silent;
    this.kubeConfig = new KubeConfig();
    this.kubeConfig.loadFromDefault();
    this.#options = options;
  }

  /** For calls of your own. Made when first used: an operator that has its `cluster` from elsewhere needs no kubeconfig. */
  protected get k8sApi(): CoreV1Api {
    this.#k8sApi ??= this.kubeConfig.makeApiClient(CoreV1Api);
    return this.#k8sApi;
  }

  /**
   * Resolves when `init` has; from then on events are delivered, until `stop`. Rejects when `init` does. An operator is
   * started once.
   */
  async start(): Promise<void> {
    const { registry = new Registry(), clock = systemClock, random = Math.random } = this.#options;
    const cluster =
      this.#options.cluster ??
      connectCluster(await configCredentials(this.kubeConfig, clock), { registry, clock, random });
    const { signal } = this.#stopping;
    const log = bridgeLog(this.logger);
    const engine = createEngine({ cluster, clock, random, log, registry, signal });
    this.#engine = engine;
    try {
      await this.init();
    } catch (error) {
      this.stop();
      cluster.close();
      throw error;
    }
    void engine.work().finally(() => cluster.close());
  }

  /** No further event is delivered; the one under way may end. */
  stop(): void {
    this.#stopping.abort(new Error('the operator was stopped'));
  }

  /** Call `watchResource` in here. */
  protected abstract init(): Promise<void>;

  /** Creates a custom resource definition from a YAML file, unless it is there already. */
  protected async registerCustomResourceDefinition(
    crdFile: string,
  ): Promise<{ group: string; versions: V1CustomResourceDefinitionVersion[]; plural: string }> {
    const crd = loadYaml<CustomResourceDefinition>(await readFile(crdFile, 'utf8'));
    if (crd.apiVersion?.startsWith('apiextensions.k8s.io/') !== true) {
      throw new Error("Invalid CRD yaml (expected 'apiextensions.k8s.io')");
    }
    try {
      await this.#running().client.create(CustomResourceDefinition, crd);
      this.logger.info(`registered custom resource definition '${crd.metadata.name}'`);
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
    const { group, versions, names } = crd.spec;
    return { group, versions: versions as V1CustomResourceDefinitionVersion[], plural: names.plural };
  }

  /** URL of a collection: of one namespace, or of all. */
  protected getCustomResourceApiUri(group: string, version: string, plural: string, namespace?: string): string {
    const root = group ? `/apis/${group}/${version}/` : `/api/${version}/`;
    const server = this.kubeConfig.getCurrentCluster()?.server ?? '';
    return `${server}${root}${namespace ? `namespaces/${namespace}/` : ''}${plural}`;
  }

  /**
   * Watches a resource, in one namespace or in all. Resolves when the server has said what it is, however long that takes:
   * a resource that is not served yet is waited for. `onEvent` is called again, later each time, while it rejects.
   */
  protected async watchResource(
    group: string,
    version: string,
    plural: string,
    onEvent: (event: ResourceEvent) => Promise<void>,
    namespace?: string,
  ): Promise<void> {
    const watch = await this.#running().watch({ group, version, plural, onEvent, namespace: namespace ?? '' });
    this.logger.info(`watching resource ${watch.id}`);
  }

  /**
   * Replaces the status of the version that `meta` names. Resolves to null when the server refuses; an event that is being
   * handled is then delivered again.
   */
  protected async setResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null> {
    return await this.#written(meta, (engine) =>
      engine
        .clientFor(keyOfMeta(meta))
        .replace(engine.resourceOf(meta), withStatus(meta, status), { subresource: 'status' }),
    );
  }

  /** Changes the status by a JSON merge patch (RFC 7396). Otherwise as `setResourceStatus`. */
  protected async patchResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null> {
    return await this.#written(meta, (engine) =>
      engine
        .clientFor(keyOfMeta(meta))
        .mergePatch(engine.resourceOf(meta), keyOfMeta(meta), withStatus(meta, status), { subresource: 'status' }),
    );
  }

  /**
   * Adds `finalizer` to an object that lives without it; calls `deleteAction` for one that is to go and then removes it.
   * Resolves to true when the event needs no more work. The finalizers of others are never lost.
   */
  protected async handleResourceFinalizer(
    event: ResourceEvent,
    finalizer: string,
    deleteAction: (event: ResourceEvent) => Promise<void>,
  ): Promise<boolean> {
    const { metadata } = event.object;
    if (metadata === undefined || event.type === ResourceEventType.Deleted) return false;
    const held = metadata.finalizers?.includes(finalizer) === true;
    if (metadata.deletionTimestamp === undefined) {
      if (held) return false;
      await this.#changeFinalizers(event, (all) => (all.includes(finalizer) ? all : [...all, finalizer]));
      return true;
    }
    if (held) {
      await deleteAction(event);
      await this.#changeFinalizers(event, (all) => all.filter((name) => name !== finalizer));
    }
    return true;
  }

  /** Sets all finalizers of an object, also over those of others. A refused one is logged, and the event delivered again. */
  protected async setResourceFinalizers(meta: ResourceMeta, finalizers: string[]): Promise<void> {
    const key = keyOfMeta(meta);
    await this.#written(meta, (engine) =>
      engine.clientFor(key).mergePatch(engine.resourceOf(meta), key, { metadata: { finalizers } }),
    );
  }

  /** Puts the credentials of `kubeConfig` into a request of axios. */
  protected async applyAxiosKubeConfigAuth(request: {
    headers?: Record<string, string | number | boolean>;
    httpsAgent?: unknown;
    auth?: { username: string; password: string };
  }): Promise<void> {
    const { authorization, agent } = await requestAuth(this.kubeConfig);
    if (authorization !== undefined) request.headers = { ...request.headers, Authorization: authorization };
    request.httpsAgent = agent;
  }

  /** Puts the credentials of `kubeConfig` into a request of gaxios. */
  protected async applyGaxiosKubeConfigAuth(options: {
    headers?: Record<string, unknown>;
    agent?: unknown;
  }): Promise<void> {
    const { authorization, agent } = await requestAuth(this.kubeConfig);
    if (authorization !== undefined) options.headers = { ...options.headers, Authorization: authorization };
    options.agent = agent;
  }

  #running(): Engine {
    if (this.#engine === undefined) throw new Error('the operator was not started');
    return this.#engine;
  }

  /** The meta of what a write made; null when the server refused it. */
  async #written(meta: ResourceMeta, write: (engine: Engine) => Promise<KubeObject>): Promise<ResourceMeta | null> {
    const engine = this.#running();
    try {
      return ResourceMetaImpl.createWithId(meta.id, asKubernetesObject(await write(engine)));
    } catch (error) {
      engine.refused(error);
      return null;
    }
  }
  /** A compare-and-swap of the whole list, on this very object and no other of its name. */
  async #changeFinalizers(
    { meta, object }: ResourceEvent,
    change: (finalizers: readonly string[]) => readonly string[],
  ): Promise<void> {
    const engine = this.#running();
    const key = keyOfMeta(meta);
    const resource = engine.resourceOf(meta);
    for (let tries = 1; ; tries++) {
      try {
        const now = await engine.client.get(resource, key);
        const { uid, resourceVersion, finalizers = [] } = now?.metadata ?? {};
        const wanted = change(finalizers);
        if (uid !== object.metadata?.uid || wanted.length === finalizers.length) return;
        const patch = { metadata: { uid, resourceVersion, finalizers: wanted } };
        await engine.clientFor(key).mergePatch(resource, key, patch);
        return;
      } catch (error) {
        if (isConflict(error) && tries < FINALIZER_TRIES) continue;
        engine.refused(error);
        return;
      }
    }
  }
}

function keyOfMeta({ namespace = '', name }: ResourceMeta): ObjectKey {
  return { namespace, name };
}

/** The body of a status write: only for the version that `meta` names. */
function withStatus({ apiVersion, kind, name, namespace, resourceVersion }: ResourceMeta, status: unknown) {
  const metadata = { name, resourceVersion, ...(namespace === undefined ? {} : { namespace }) };
  return { apiVersion, kind, metadata, status };
}

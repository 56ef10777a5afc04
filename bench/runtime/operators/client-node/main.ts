/**
 * The benchmark's operator with the informers of @kubernetes/client-node alone. The library has no queue, so the smallest
 * one that is right is written out here: a key at a time, ten keys at once, a failed key again after five seconds.
 */
import {
  CoreV1Api,
  CustomObjectsApi,
  type Informer,
  KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  makeInformer,
  type ObjectCache,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  type V1Secret,
  type V1Service,
} from '@kubernetes/client-node';

interface Widget extends KubernetesObject {
  spec: { message: string };
  status?: { ready: boolean; observedGeneration: number };
}

const CONCURRENCY = 10;
const RETRY_MS = 5_000;
const kubeconfig = new KubeConfig();
kubeconfig.loadFromDefault();
const core = kubeconfig.makeApiClient(CoreV1Api);
const custom = kubeconfig.makeApiClient(CustomObjectsApi);
const widgetsApi = { group: 'bench.sluice.dev', version: 'v1', plural: 'widgets' };
const apply = { fieldManager: 'widgets', force: true };
const asApply = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply);

const waiting = new Set<string>();
const working = new Set<string>();

function enqueue(key: string): void {
  waiting.add(key);
  work();
}

function work(): void {
  for (const key of waiting) {
    if (working.size >= CONCURRENCY) return;
    if (working.has(key)) continue;
    waiting.delete(key);
    working.add(key);
    void reconcile(key)
      .catch((error: unknown) => {
        console.error(`reconcile ${key}: ${String(error)}`);
        setTimeout(enqueue, RETRY_MS, key);
      })
      .finally(() => {
        working.delete(key);
        work();
      });
  }
}

/** An informer that is started again after an error, as the library's examples do it. */
function watch<T extends KubernetesObject>(
  path: string,
  list: () => Promise<KubernetesListObject<T>>,
  keyOf: (object: T) => string | undefined,
): Informer<T> & ObjectCache<T> {
  const informer = makeInformer(kubeconfig, path, list);
  const changed = (object: T): void => {
    const key = keyOf(object);
    if (key !== undefined) enqueue(key);
  };
  informer.on('add', changed);
  informer.on('update', changed);
  informer.on('delete', changed);
  informer.on('error', (error: unknown) => {
    console.error(`watch ${path}: ${String(error)}`);
    setTimeout(() => void informer.start(), RETRY_MS);
  });
  return informer;
}

const ownKey = ({ metadata }: KubernetesObject): string => `${metadata?.namespace}/${metadata?.name}`;
const ownerKey = ({ metadata }: KubernetesObject): string | undefined => {
  const owner = metadata?.ownerReferences?.find(({ controller }) => controller === true);
  return owner?.kind === 'Widget' ? `${metadata?.namespace}/${owner.name}` : undefined;
};
const widgets = watch<Widget>(
  '/apis/bench.sluice.dev/v1/widgets',
  () => custom.listCustomObjectForAllNamespaces({ ...widgetsApi, resourcePlural: 'widgets' }),
  ownKey,
);
const configMaps = watch<V1ConfigMap>('/api/v1/configmaps', () => core.listConfigMapForAllNamespaces(), ownerKey);
const secrets = watch<V1Secret>('/api/v1/secrets', () => core.listSecretForAllNamespaces(), ownerKey);
const services = watch<V1Service>('/api/v1/services', () => core.listServiceForAllNamespaces(), ownerKey);

async function reconcile(key: string): Promise<void> {
  const [namespace = '', name = ''] = key.split('/');
  const widget = widgets.get(name, namespace);
  if (widget === undefined) return;
  const { message } = widget.spec;
  const encoded = Buffer.from(message).toString('base64');
  const { uid = '', generation = 0 } = widget.metadata ?? {};
  const owner = { apiVersion: 'bench.sluice.dev/v1', kind: 'Widget', name, uid };
  const metadata = { name, namespace, ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }] };
  const isOurs = (object: KubernetesObject): boolean => object.metadata?.ownerReferences?.[0]?.uid === uid;

  const configMap = configMaps.get(name, namespace);
  if (configMap === undefined || !isOurs(configMap) || configMap.data?.message !== message) {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { message } };
    await core.patchNamespacedConfigMap({ name, namespace, body, ...apply }, asApply);
  }
  const secret = secrets.get(name, namespace);
  if (secret === undefined || !isOurs(secret) || secret.data?.message !== encoded) {
    const body = { apiVersion: 'v1', kind: 'Secret', metadata, data: { message: encoded } };
    await core.patchNamespacedSecret({ name, namespace, body, ...apply }, asApply);
  }
  const service = services.get(name, namespace);
  const ports = service?.spec?.ports ?? [];
  const isHeadless = service?.spec?.clusterIP === 'None' && ports.length === 1 && ports[0]?.port === 80;
  if (service === undefined || !isOurs(service) || !isHeadless) {
    const spec = { clusterIP: 'None', ports: [{ name: 'http', port: 80 }] };
    const body = { apiVersion: 'v1', kind: 'Service', metadata, spec };
    await core.patchNamespacedService({ name, namespace, body, ...apply }, asApply);
  }
  if (widget.status?.ready !== true || widget.status.observedGeneration !== generation) {
    const status = { ready: true, observedGeneration: generation };
    const body = { apiVersion: 'bench.sluice.dev/v1', kind: 'Widget', metadata: { name, namespace }, status };
    await custom.patchNamespacedCustomObjectStatus({ ...widgetsApi, name, namespace, body, ...apply }, asApply);
  }
}

process.once('SIGTERM', () => process.exit(0));
// Children first, so that no Widget is looked at before its children are known.
await Promise.all([configMaps.start(), secrets.start(), services.start()]);
await widgets.start();

/**
 * The benchmark's operator with @dot-i/k8s-operator: one event at a time, in order, as the framework hands them over. It
 * has no cache and no owners: it looks at the Widget alone.
 */
import dotI, { type ResourceEvent } from '@dot-i/k8s-operator';

interface Widget {
  metadata: { name: string; namespace: string; uid: string; generation: number };
  spec: { message: string };
  status?: { ready: boolean; observedGeneration: number };
}

const asApply = { headers: { 'Content-Type': 'application/apply-patch+yaml' } };
const fieldManager = 'widgets';

class Widgets extends dotI.default {
  protected async init(): Promise<void> {
    await this.watchResource('bench.sluice.dev', 'v1', 'widgets', (event) => this.changed(event));
  }

  private async changed(event: ResourceEvent): Promise<void> {
    if (event.type === dotI.ResourceEventType.Deleted) return;
    // The framework types every object as one without a spec.
    const { metadata, spec, status } = event.object as unknown as Widget;
    const { name, namespace, uid, generation } = metadata;
    if (status?.ready === true && status.observedGeneration === generation) return;
    const owner = { apiVersion: 'bench.sluice.dev/v1', kind: 'Widget', name, uid };
    const child = (kind: string) => ({
      apiVersion: 'v1',
      kind,
      metadata: { name, namespace, ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }] },
    });
    const { message } = spec;
    const encoded = Buffer.from(message).toString('base64');
    const configMap = { ...child('ConfigMap'), data: { message } };
    const secret = { ...child('Secret'), data: { message: encoded } };
    const service = { ...child('Service'), spec: { clusterIP: 'None', ports: [{ name: 'http', port: 80 }] } };
    const apply = [undefined, undefined, fieldManager, undefined, true, asApply] as const;
    await this.k8sApi.patchNamespacedConfigMap(name, namespace, configMap, ...apply);
    await this.k8sApi.patchNamespacedSecret(name, namespace, secret, ...apply);
    await this.k8sApi.patchNamespacedService(name, namespace, service, ...apply);
    await this.patchResourceStatus(event.meta, { ready: true, observedGeneration: generation });
  }
}

const operator = new Widgets(console);
await operator.start();
process.once('SIGTERM', () => {
  operator.stop();
  process.exit(0);
});

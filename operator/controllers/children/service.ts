import { createHash } from 'node:crypto';
import { ConfigMap, type ObjectMeta, type PlannedApply, Service } from '@sluice/runtime';

/** Ports of every program of ours: what it is for, and /metrics, /healthz, /readyz. */
export const servicePort = 8080;
export const metricsPort = 9090;

/** Annotation of a pod template with the digest of its configuration: a change of it replaces the pods. */
export const configAnnotation = 'sluice.dev/config';

type ServiceSpec = NonNullable<Service['spec']>;

/** A Service in front of port `http`, and of those in `more`. */
export function httpService(
  metadata: ObjectMeta,
  spec: ServiceSpec,
  more: NonNullable<ServiceSpec['ports']> = [],
): PlannedApply {
  const ports = [{ name: 'http', port: servicePort, targetPort: 'http', protocol: 'TCP' }, ...more];
  const object: Service = { apiVersion: 'v1', kind: 'Service', metadata, spec: { ...spec, ports } };
  return { resource: Service, object };
}

export function configMap(metadata: ObjectMeta, data: Record<string, string>): PlannedApply {
  const object: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
  return { resource: ConfigMap, object };
}

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

import type { KubernetesObject } from '@kubernetes/client-node';
import type { KubeObject } from '../kube/object.ts';

/** Where an operator's messages go, and those of the runtime below it. */
export interface OperatorLogger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** What has become of an object since the operator was last told of it. */
export const ResourceEventType = { Added: 'ADDED', Modified: 'MODIFIED', Deleted: 'DELETED' } as const;
export type ResourceEventType = (typeof ResourceEventType)[keyof typeof ResourceEventType];

/** What an operator is told: an object as it is now, or as it was last seen. The object is the operator's own copy. */
export interface ResourceEvent {
  meta: ResourceMeta;
  type: ResourceEventType;
  object: KubernetesObject;
}

/** Which object an event is about, for `setResourceStatus` and its like. */
export interface ResourceMeta {
  name: string;
  namespace?: string;
  /** Of the watch: `plural.group/version`. */
  id: string;
  resourceVersion: string;
  apiVersion: string;
  kind: string;
}

/** Makes a `ResourceMeta` of an object. Throws when the object is not one that was read from the server. */
export class ResourceMetaImpl implements ResourceMeta {
  id: string;
  name: string;
  namespace?: string;
  resourceVersion: string;
  apiVersion: string;
  kind: string;

  /** `id` as in the meta of an event. */
  static createWithId(id: string, object: KubernetesObject): ResourceMeta {
    return new ResourceMetaImpl(id, object);
  }

  /** `plural` as in `watchResource`. */
  static createWithPlural(plural: string, object: KubernetesObject): ResourceMeta {
    return new ResourceMetaImpl(`${plural}.${object.apiVersion}`, object);
  }

  private constructor(id: string, { apiVersion, kind, metadata }: KubernetesObject) {
    const { name, namespace, resourceVersion } = metadata ?? {};
    if (!name || !resourceVersion || !apiVersion || !kind) throw new Error(`Malformed event object for '${id}'`);
    this.id = id;
    this.name = name;
    if (namespace !== undefined) this.namespace = namespace;
    this.resourceVersion = resourceVersion;
    this.apiVersion = apiVersion;
    this.kind = kind;
  }
}

/** The same object under the type of client-node, which says `Date` where the wire has text, there as here. */
export function asKubernetesObject(object: KubeObject): KubernetesObject {
  return object as unknown as KubernetesObject;
}

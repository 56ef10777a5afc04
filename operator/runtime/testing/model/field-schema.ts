import { isObject, type Json, type JsonObject } from './json.ts';

/**
 * How server-side apply sees a field. `struct`: fields owned one by one; keys that are neither named in `fields` nor
 * covered by `elements` count as named fields whose own schema is unknown. `atomic`: owned as a whole.
 */
export type FieldSchema =
  | { readonly type: 'struct'; readonly fields: Readonly<Record<string, FieldSchema>>; readonly elements?: FieldSchema }
  | { readonly type: 'atomic' }
  | { readonly type: 'set' }
  | { readonly type: 'list'; readonly keys: Readonly<Record<string, Json | undefined>>; readonly item: FieldSchema };

export const atomic: FieldSchema = { type: 'atomic' };
export const stringSet: FieldSchema = { type: 'set' };
/** Nothing is known: objects are structs, lists are atomic. */
export const unknownFields: FieldSchema = { type: 'struct', fields: {} };
/** The same for what the definition of a custom resource leaves open, where keys are not names of fields. */
export const openFields: FieldSchema = {
  type: 'struct',
  fields: {},
  get elements() {
    return openFields;
  },
};
export const mapOf = (elements: FieldSchema): FieldSchema => ({ type: 'struct', fields: {}, elements });
export const struct = (fields: Record<string, FieldSchema>): FieldSchema => ({ type: 'struct', fields });

/** A list of objects that are told apart by `keys`; a key may have a default, such as protocol TCP. */
export function listOf(
  keys: Readonly<Record<string, Json | undefined>>,
  fields: Record<string, FieldSchema> = {},
): FieldSchema {
  return { type: 'list', keys, item: struct(fields) };
}

export const byName = { name: undefined };
const byType = { type: undefined };

export const conditions = listOf(byType);

export const metadataFields: FieldSchema = struct({
  annotations: mapOf(atomic),
  labels: mapOf(atomic),
  finalizers: stringSet,
  ownerReferences: {
    type: 'list',
    keys: { uid: undefined },
    item: atomic,
  },
});

const container = {
  env: listOf(byName, { valueFrom: struct({ configMapKeyRef: atomic, secretKeyRef: atomic, fieldRef: atomic }) }),
  ports: listOf({ containerPort: undefined, protocol: 'TCP' }),
  resources: struct({ claims: listOf(byName), limits: mapOf(atomic), requests: mapOf(atomic) }),
  volumeDevices: listOf({ devicePath: undefined }),
  volumeMounts: listOf({ mountPath: undefined }),
};

export const podSpec: FieldSchema = struct({
  containers: listOf(byName, container),
  initContainers: listOf(byName, container),
  ephemeralContainers: listOf(byName, container),
  hostAliases: listOf({ ip: undefined }),
  imagePullSecrets: listOf(byName),
  nodeSelector: atomic,
  overhead: mapOf(atomic),
  resourceClaims: listOf(byName),
  schedulingGates: listOf(byName),
  topologySpreadConstraints: listOf(
    { topologyKey: undefined, whenUnsatisfiable: undefined },
    { labelSelector: atomic },
  ),
  volumes: listOf(byName),
});

export const podTemplate: FieldSchema = struct({ metadata: metadataFields, spec: podSpec });

/** A schema with metadata, which all kinds share, for the rest of the object. */
export const objectSchema = (fields: Record<string, FieldSchema>): FieldSchema =>
  struct({ ...fields, metadata: metadataFields });

/** The schema of a custom resource from the OpenAPI schema of its definition. */
export function schemaFromOpenApi(openApi: JsonObject): FieldSchema {
  const schema = fromOpenApi(openApi);
  return objectSchema(schema.type === 'struct' ? schema.fields : {});
}

function fromOpenApi(node: Json | undefined): FieldSchema {
  if (!isObject(node)) return openFields;
  if (node.type === 'array') return fromOpenApiList(node);
  if (node['x-kubernetes-map-type'] === 'atomic') return atomic;
  if (isObject(node.properties)) {
    const fields = Object.entries(node.properties).map(([name, property]) => [name, fromOpenApi(property)] as const);
    return struct(Object.fromEntries(fields));
  }
  if (node.type === 'object') return mapOf(fromOpenApi(node.additionalProperties));
  return openFields;
}

function fromOpenApiList(node: JsonObject): FieldSchema {
  if (node['x-kubernetes-list-type'] === 'set') return stringSet;
  const names = node['x-kubernetes-list-map-keys'];
  if (node['x-kubernetes-list-type'] !== 'map' || !Array.isArray(names)) return atomic;
  const properties = isObject(node.items) && isObject(node.items.properties) ? node.items.properties : {};
  const keys = names.map((name) => {
    const property = properties[String(name)];
    return [String(name), isObject(property) ? property.default : undefined] as const;
  });
  return { type: 'list', keys: Object.fromEntries(keys), item: fromOpenApi(node.items) };
}

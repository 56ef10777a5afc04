import type { JsonObject } from './json.ts';

/**
 * A set of paths, as a tree. A step of a path is a field `f:spec`, an item of a list by its keys `k:{"name":"a"}` or by its
 * value `v:"a"`: the steps of FieldsV1. Never changed once it is made.
 */
export interface FieldSet {
  /** Whether the path that leads here is in the set. */
  readonly member: boolean;
  /** Without empty ones. */
  readonly children: ReadonlyMap<string, FieldSet>;
}

export const noFields: FieldSet = { member: false, children: new Map() };

export const isEmpty = ({ member, children }: FieldSet): boolean => !member && children.size === 0;

interface Growing {
  member: boolean;
  readonly children: Map<string, Growing>;
}

/** Makes a set path by path. */
export function growSet(): { readonly set: FieldSet; readonly insert: (path: readonly string[]) => void } {
  const set: Growing = { member: false, children: new Map() };
  return {
    set,
    insert(path) {
      let node = set;
      for (const step of path) {
        let child = node.children.get(step);
        if (child === undefined) {
          child = { member: false, children: new Map() };
          node.children.set(step, child);
        }
        node = child;
      }
      node.member = true;
    },
  };
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmpty(b)) return a;
  if (isEmpty(a)) return b;
  const children = new Map(a.children);
  for (const [step, child] of b.children) {
    const other = children.get(step);
    children.set(step, other === undefined ? child : union(other, child));
  }
  return { member: a.member || b.member, children };
}

/** The paths of `a` that are not in `b`. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a) || isEmpty(b)) return a;
  return combine(a, b, a.member && !b.member, difference, true);
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a) || isEmpty(b)) return noFields;
  return combine(a, b, a.member && b.member, intersection, false);
}

function combine(a: FieldSet, b: FieldSet, member: boolean, inner: typeof difference, keepsRest: boolean): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [step, child] of a.children) {
    const other = b.children.get(step);
    const combined = other === undefined ? (keepsRest ? child : noFields) : inner(child, other);
    if (!isEmpty(combined)) children.set(step, combined);
  }
  return { member, children };
}

export function equalSets(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  if (a.member !== b.member || a.children.size !== b.children.size) return false;
  for (const [step, child] of a.children) {
    const other = b.children.get(step);
    if (other === undefined || !equalSets(child, other)) return false;
  }
  return true;
}

/** The paths as people read them, in the order of the server: `.spec.size`, `.spec.containers[name="a"].image`. */
export function pathTexts(set: FieldSet, prefix = ''): string[] {
  const children = [...set.children].sort(([a], [b]) => (a < b ? -1 : 1));
  const own = children.filter(([, { member }]) => member).map(([step]) => prefix + stepText(step));
  return [...own, ...children.flatMap(([step, child]) => pathTexts(child, prefix + stepText(step)))];
}

function stepText(step: string): string {
  const rest = step.slice(2);
  if (step.startsWith('f:')) return `.${rest}`;
  if (step.startsWith('v:')) return `[=${rest}]`;
  const keys = JSON.parse(rest) as Record<string, unknown>;
  return `[${Object.entries(keys)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(',')}]`;
}

/** The set as managedFields shows it. */
export function fieldsV1(set: FieldSet): JsonObject {
  const shown: JsonObject = set.member && set.children.size > 0 ? { '.': {} } : {};
  for (const step of [...set.children.keys()].sort()) shown[step] = fieldsV1(set.children.get(step) ?? noFields);
  return shown;
}

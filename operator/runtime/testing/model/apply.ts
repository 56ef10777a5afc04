import { applyConflict } from './errors.ts';
import type { FieldSchema } from './field-schema.ts';
import {
  difference,
  equalSets,
  type FieldSet,
  fieldsV1,
  intersection,
  isEmpty,
  noFields,
  pathTexts,
  union,
} from './field-set.ts';
import { type Comparison, compareFields, fieldsOf, withNamedParents, withoutFields } from './fields.ts';
import type { JsonObject } from './json.ts';
import { mergeBySchema } from './merge.ts';

// Server-side apply: who owns which field, and what follows from it (KEP-555; the rules are those of structured-merge-diff).

/** Who wrote, as managedFields tells writers apart. */
export interface Writer {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly subresource: string;
  readonly apiVersion: string;
}

export interface FieldOwner extends Writer {
  /** Milliseconds since the epoch, of the last change of `fields`. */
  readonly time: number;
  readonly fields: FieldSet;
}

export interface Owned {
  readonly object: JsonObject;
  readonly owners: readonly FieldOwner[];
}

export interface ApplyOptions {
  readonly schema: FieldSchema;
  readonly force: boolean;
  readonly now: number;
}

/**
 * The object and its owners after `writer` applied `config`: what it states is set and owned, what it stated last time and
 * does not any more is removed unless others own it too. Throws 409 when another owner's field would change, unless forced.
 */
export function applyConfig(
  found: Owned,
  config: JsonObject,
  writer: Writer,
  { schema, force, now }: ApplyOptions,
): Owned {
  const live = { ...found, owners: isUntracked(found) ? ownersBefore(found, writer, { schema, now }) : found.owners };
  const last = live.owners.find((owner) => isSame(owner, writer))?.fields ?? noFields;
  const stated = fieldsOf(config, schema);
  const others = live.owners.filter((owner) => !isSame(owner, writer));
  const own = { ...writer, fields: withoutSystemFields(stated), time: now };
  const merged = mergeBySchema(live.object, config, schema) as JsonObject;
  const object = prune(merged, union(stated, ownedBy(others)), last, schema);
  const comparison = compare(live.object, object, schema);
  if (!force) refuseConflicts(others, comparison);
  const lost = union(comparison.changed, comparison.removed);
  const left = others.map((owner) => losing(owner, lost, now));
  return { object, owners: settled(found.owners, [...left, own]) };
}

/** The owners after `writer` wrote `next` by other means than an apply: it owns what it changed, and nobody what is gone. */
export function ownersAfterUpdate(
  live: Owned,
  next: JsonObject,
  writer: Writer,
  { schema, now }: Omit<ApplyOptions, 'force'>,
): readonly FieldOwner[] {
  if (isUntracked(live)) return live.owners;
  const { changed, removed } = compare(live.object, next, schema);
  if (isEmpty(changed) && isEmpty(removed)) return live.owners;
  const before = live.owners.find((owner) => isSame(owner, writer))?.fields ?? noFields;
  const own = { ...writer, fields: union(difference(before, removed), changed), time: now };
  const others = live.owners.filter((owner) => !isSame(owner, writer));
  const lost = union(changed, removed);
  return settled(live.owners, [...others.map((owner) => losing(owner, lost, now)), own]);
}

/** An object that lost its last owner has none from then on, until somebody applies to it. */
const isUntracked = ({ object, owners }: Owned): boolean => owners.length === 0 && Object.keys(object).length > 0;

/** What was there before owners are counted belongs to a manager that stands for all who wrote it. */
function ownersBefore(
  { object }: Owned,
  { apiVersion }: Writer,
  options: Omit<ApplyOptions, 'force'>,
): readonly FieldOwner[] {
  const writer = { manager: 'before-first-apply', operation: 'Update', subresource: '', apiVersion } as const;
  return ownersAfterUpdate({ object: {}, owners: [] }, object, writer, options);
}

/** The entries of managedFields. */
export function managedFields(owners: readonly FieldOwner[]): JsonObject[] {
  return owners.map(({ manager, operation, subresource, apiVersion, time, fields }) => ({
    manager,
    operation,
    apiVersion,
    time: `${new Date(time).toISOString().slice(0, 19)}Z`,
    fieldsType: 'FieldsV1',
    fieldsV1: fieldsV1(fields),
    ...(subresource === '' ? {} : { subresource }),
  }));
}

function isSame(a: Writer, b: Writer): boolean {
  return (
    a.manager === b.manager &&
    a.operation === b.operation &&
    a.subresource === b.subresource &&
    a.apiVersion === b.apiVersion
  );
}

function losing(owner: FieldOwner, lost: FieldSet, now: number): FieldOwner {
  if (isEmpty(intersection(owner.fields, lost))) return owner;
  return { ...owner, fields: difference(owner.fields, lost), time: now };
}

/** The owners of something; those of before, times included, where nothing but a time would change. */
function settled(before: readonly FieldOwner[], after: readonly FieldOwner[]): readonly FieldOwner[] {
  let isChanged = false;
  const owners = after
    .filter(({ fields }) => !isEmpty(fields))
    .map((owner) => {
      const same = before.find((old) => isSame(old, owner) && equalSets(old.fields, owner.fields));
      isChanged ||= same === undefined;
      return same ?? owner;
    });
  return isChanged || owners.length !== before.length ? owners : before;
}

/**
 * Takes out what the writer stated last time and nobody states now. A named field goes with all that is in it; an item
 * of a list or an entry of a map goes only if it was itself stated, so that what others put there unowned stays.
 */
function prune(merged: JsonObject, owned: FieldSet, last: FieldSet, schema: FieldSchema): JsonObject {
  if (isEmpty(difference(last, owned))) return merged;
  const named = (set: FieldSet): FieldSet => withNamedParents(set, schema);
  const all = fieldsOf(merged, schema);
  const bare = withoutFields(merged, named(last), schema);
  const kept = union(named(fieldsOf(bare, schema)), named(owned));
  const withOwned = withoutFields(merged, difference(named(all), kept), schema);
  const gone = intersection(difference(named(all), named(fieldsOf(withOwned, schema))), named(last));
  return withoutFields(merged, gone, schema);
}

function ownedBy(owners: readonly FieldOwner[]): FieldSet {
  return owners.reduce((all, { fields }) => union(all, fields), noFields);
}

function compare(live: JsonObject, next: JsonObject, schema: FieldSchema): Comparison {
  const { changed, removed } = compareFields(live, next, schema);
  return { changed: withoutSystemFields(changed), removed: withoutSystemFields(removed) };
}

const SYSTEM_METADATA = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'generation',
  'resourceVersion',
  'managedFields',
  'selfLink',
];

/** Nobody owns the identity of an object and what the server writes. */
function withoutSystemFields(set: FieldSet): FieldSet {
  const children = new Map(set.children);
  children.delete('f:apiVersion');
  children.delete('f:kind');
  const metadata = children.get('f:metadata');
  if (metadata === undefined) return { member: false, children };
  const inner = new Map(metadata.children);
  for (const name of SYSTEM_METADATA) inner.delete(`f:${name}`);
  if (inner.size === 0) children.delete('f:metadata');
  else children.set('f:metadata', { member: false, children: inner });
  return { member: false, children };
}

function refuseConflicts(others: readonly FieldOwner[], { changed }: Comparison): void {
  const conflicts = others
    .map((owner) => ({ owner, paths: pathTexts(intersection(owner.fields, changed)) }))
    .filter(({ paths }) => paths.length > 0)
    .sort((a, b) => (ownerText(a.owner) < ownerText(b.owner) ? -1 : 1));
  if (conflicts.length === 0) return;
  const all = conflicts.flatMap(({ owner, paths }) => paths.map((field) => ({ manager: owner.manager, field })));
  const [first] = conflicts;
  const text =
    all.length === 1 && first !== undefined
      ? `1 conflict: conflict with ${ownerText(first.owner)}: ${first.paths[0]}`
      : `${all.length} conflicts: ${conflicts.map(listText).join('\n')}`;
  throw applyConflict(`Apply failed with ${text}`, all);
}

function listText({ owner, paths }: { readonly owner: FieldOwner; readonly paths: readonly string[] }): string {
  return [`conflicts with ${ownerText(owner)}:`, ...paths.map((path) => `- ${path}`)].join('\n');
}

function ownerText({ manager, operation, subresource, apiVersion }: FieldOwner): string {
  const name = subresource === '' ? `"${manager}"` : `"${manager}" with subresource "${subresource}"`;
  return operation === 'Apply' ? name : `${name} using ${apiVersion}`;
}

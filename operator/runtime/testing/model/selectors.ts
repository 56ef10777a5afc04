import { badRequest } from './errors.ts';
import { isObject, type Json } from './json.ts';
import type { StoredObject } from './storage.ts';

export type Matches = (object: StoredObject) => boolean;

/** `a=b,c!=d,e in (f,g),h notin (i),j,!k`; undefined for the empty selector, which matches everything. */
export function labelMatcher(selector: string): Matches | undefined {
  if (selector === '') return undefined;
  // A comma within parentheses separates values, not terms.
  const terms = selector.split(/,(?![^(]*\))/).map((term) => labelTerm(term.trim()));
  return ({ metadata: { labels } }) => terms.every((matches) => matches(labels ?? {}));
}

function labelTerm(term: string): (labels: Record<string, string>) => boolean {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    if (operator === 'in') return (labels) => key in labels && values.includes(labels[key] ?? '');
    return (labels) => !(key in labels) || !values.includes(labels[key] ?? '');
  }
  const comparison = /^([^=!\s]+)\s*(!=|==?)\s*([^=!\s]*)$/.exec(term);
  if (comparison !== null) {
    const [, key = '', operator, value = ''] = comparison;
    if (operator === '!=') return (labels) => labels[key] !== value;
    return (labels) => labels[key] === value;
  }
  if (/^![^=!\s]+$/.test(term)) return (labels) => !(term.slice(1) in labels);
  if (/^[^=!\s]+$/.test(term)) return (labels) => term in labels;
  throw badRequest(`unable to parse requirement: ${term}`);
}

const COMMON_FIELDS = ['metadata.name', 'metadata.namespace'];

/** `metadata.name=a,spec.nodeName!=b`. Only the fields that the server indexes for the kind can be asked for. */
export function fieldMatcher(selector: string, indexed: readonly string[]): Matches | undefined {
  if (selector === '') return undefined;
  const terms = selector.split(',').map((term) => {
    const [, path = '', operator, value = ''] = /^([^=!]+)(!=|==?)(.*)$/.exec(term) ?? [];
    if (operator === undefined) throw badRequest(`invalid field selector: ${term}`);
    if (!COMMON_FIELDS.includes(path) && !indexed.includes(path)) {
      throw badRequest(`field label not supported: ${path}`);
    }
    const steps = path.split('.');
    return (object: StoredObject) => (textAt(object, steps) === value) === (operator !== '!=');
  });
  return (object) => terms.every((matches) => matches(object));
}

function textAt(object: StoredObject, steps: readonly string[]): string {
  let value: Json | undefined = object as unknown as Json;
  for (const step of steps) value = isObject(value) ? value[step] : undefined;
  return value === undefined || value === null ? '' : String(value);
}

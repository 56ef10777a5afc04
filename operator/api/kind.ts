import type { TObject } from '@sinclair/typebox';
import type { KubeObject, Resource } from '@sluice/runtime';
import type { Rule } from './schema.ts';

export const GROUP = 'sluice.dev';
export const VERSION = 'v1alpha1';

/** A column of `kubectl get`; those with `wide` only with `-o wide`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  readonly wide?: true;
}

/** Everything that is known about a kind: CRD, reference page and `unbuiltFields` are made from it. */
export interface KindDefinition<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;
  readonly singular: string;
  readonly shortName: string;
  /** First sentence of `kubectl explain`. */
  readonly description: string;
  readonly spec: TObject;
  readonly status: TObject;
  /** Rules over the whole object; they can see `metadata.name`. */
  readonly rules: readonly Rule[];
  readonly columns: readonly PrinterColumn[];
  /** Types of the conditions in status, each with what True means. */
  readonly conditions: Readonly<Record<string, string>>;
}

/** What conditions mean that every kind has. */
export const commonConditions = {
  Accepted: 'The spec is one that the operator can follow. While it is False the last accepted spec keeps running.',
  Ready: 'The summary: everything that the spec asks for is there and serves.',
} as const;

export const authenticatedCondition = {
  Authenticated: 'Callers must show a token. False without spec.auth: whoever reaches the Service may use it.',
} as const;

/** Longest name of a resource, so that the names made from it still fit into the 63 characters of a label or Service. */
export const MAX_NAME_LENGTH = 40;

export const nameRules: readonly Rule[] = [
  {
    rule: `self.metadata.name.size() <= ${MAX_NAME_LENGTH}`,
    message: `metadata.name must be at most ${MAX_NAME_LENGTH} characters, since names of pods and Services are made from it`,
  },
  {
    rule: "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    message:
      'metadata.name must be lower-case letters, digits and "-", starting with a letter and ending with a letter or digit, since a Service gets this name',
  },
];

export function conditionColumn(name: string, type: string, field: 'status' | 'reason', wide?: true): PrinterColumn {
  return {
    name,
    type: 'string',
    jsonPath: `.status.conditions[?(@.type=="${type}")].${field}`,
    description: `${field === 'status' ? 'Status' : 'Reason'} of condition ${type}.`,
    ...(wide === undefined ? {} : { wide }),
  };
}

export const ageColumn: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since creation.',
};

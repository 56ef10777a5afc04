import { mergeCases, ownershipCases, preconditionCases } from './cases/apply.ts';
import { deletionCases } from './cases/deletion.ts';
import { listCases } from './cases/lists.ts';
import { objectCases } from './cases/objects.ts';
import { schemaCases } from './cases/schema.ts';
import { statusCases } from './cases/status.ts';
import { watchCases } from './cases/watches.ts';
import type { Case } from './world.ts';

/** What an API server does, case by case: each runs in a namespace of its own, on the model and on a real one. */
export const suite: readonly (readonly [topic: string, cases: readonly Case[]])[] = [
  ['objects', objectCases],
  ['status and generation', statusCases],
  ['lists', listCases],
  ['watches', watchCases],
  ['deletion', deletionCases],
  ['field ownership', ownershipCases],
  ['merging', mergeCases],
  ['preconditions of an apply', preconditionCases],
  ['schema', schemaCases],
];

import type { PodDisruptionBudget } from '../../kube/resources.ts';
import { disruptionBudget } from './errors.ts';
import { liveOf, remove, type WriteCall } from './operations.ts';
import { labelMatcher } from './selectors.ts';
import type { StoredObject } from './storage.ts';

/** Deletes a pod unless a disruption budget forbids it; then throws 429. An allowed eviction is counted in the budget. */
export function evict(call: WriteCall): void {
  const { store, route } = call;
  const budgetKind = store.kindOf({ group: 'policy', version: 'v1', plural: 'poddisruptionbudgets' });
  const { object } = liveOf(call);
  for (const stored of store.collectionOf(budgetKind.resource).values()) {
    const budget = stored.object as unknown as PodDisruptionBudget;
    if (budget.metadata.namespace !== route.namespace || !covers(budget, object)) continue;
    const allowed = budget.status?.disruptionsAllowed ?? 0;
    if (allowed <= 0) throw disruptionBudget(budget.metadata.name);
    const status = { ...budget.status, disruptionsAllowed: allowed - 1 };
    const author = { user: call.user, verb: 'update', subresource: 'status' } as const;
    store.put(budgetKind, { ...stored.object, status }, stored.owners, author);
  }
  remove({
    ...call,
    route: { ...route, subresource: '' },
    body: (call.body as { deleteOptions?: unknown })?.deleteOptions,
  });
}

function covers({ spec }: PodDisruptionBudget, pod: StoredObject): boolean {
  const labels = Object.entries(spec?.selector?.matchLabels ?? {});
  const expressions = (spec?.selector?.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator.toLowerCase()} (${values.join(',')})`;
  });
  const selector = [...labels.map(([key, value]) => `${key}=${value}`), ...expressions].join(',');
  return labelMatcher(selector)?.(pod) ?? true;
}

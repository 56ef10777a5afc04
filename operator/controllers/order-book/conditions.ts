import type { OrderBook } from '@sluice/api';
import type { ConditionInput, Pod } from '@sluice/runtime';
import type { Refusal } from '../children/acceptance.ts';
import { isReady, leaderOf, type Report, troubleOf } from './members.ts';

/** The summary: are orders taken, by the program that spec asks for? */
export function ready(
  book: OrderBook,
  state: {
    readonly refusal: Refusal | undefined;
    /** All pods run what spec says, and are ready. */
    readonly complete: boolean;
    readonly pods: readonly Pod[];
    readonly report: Report | undefined;
  },
): ConditionInput {
  const type = 'Ready';
  const no = (reason: string, message: string): ConditionInput => ({ type, status: 'False', reason, message });
  const { refusal, complete, pods, report } = state;
  if (refusal !== undefined) return no(refusal.reason, refusal.message);
  const readyPods = pods.filter(isReady);
  if (readyPods.length < book.spec.replicas || !complete) {
    const trouble = pods.map(troubleOf).find((found) => found !== undefined);
    if (trouble !== undefined) return no(trouble.reason, trouble.message.slice(0, 1_024));
    return no('Progressing', `${readyPods.length} of ${book.spec.replicas} members are ready with this spec.`);
  }
  const leader = leaderOf(pods, report);
  if (leader === undefined) return no('NoLeader', 'No member has taken the lead yet.');
  if (report?.version !== book.spec.version) {
    return no('Progressing', `${leader.metadata.name} still reports version ${report?.version}.`);
  }
  return { type, status: 'True', reason: 'LeaderServes', message: `${leader.metadata.name} takes orders.` };
}

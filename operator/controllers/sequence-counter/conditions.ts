import type { SequenceCounter } from '@sluice/api';
import type { ConditionInput } from '@sluice/runtime';
import type { Refusal } from '../children/acceptance.ts';
import type { Ledger, Regression } from './ledger.ts';
import type { Rollout } from './status.ts';

export function ledgerRegressed(regression: Regression | undefined, hint: string): ConditionInput {
  const type = 'LedgerRegressed';
  if (regression === undefined) {
    return { type, status: 'False', reason: 'LedgerConsistent', message: 'The ledger is not behind this status.' };
  }
  const { reason, message } = regression;
  return { type, status: 'True', reason, message: `${message} No numbers are handed out. ${hint}` };
}

/** The summary: are numbers handed out as spec says, by all replicas? */
export function ready(
  { spec }: SequenceCounter,
  state: {
    readonly refusal: Refusal | undefined;
    readonly regression: Regression | undefined;
    readonly rollout: Rollout;
    readonly ledger: Ledger | undefined;
  },
): ConditionInput {
  const type = 'Ready';
  const no = (reason: string, message: string): ConditionInput => ({ type, status: 'False', reason, message });
  const { refusal, regression, rollout, ledger } = state;
  if (refusal !== undefined) return no(refusal.reason, refusal.message);
  if (regression !== undefined) return no(regression.reason, regression.message);
  if (ledger === undefined) return no('LedgerPending', 'The ledger is being made.');
  if (spec.replicas === 0) {
    return { type, status: 'True', reason: 'ScaledToZero', message: 'No replicas are wanted; the ledger is kept.' };
  }
  if (!rollout.complete) {
    return no('Progressing', `${rollout.readyReplicas} of ${spec.replicas} replicas are ready with this spec.`);
  }
  if (spec.ordering === 'Strict' && ledger.holder === '') {
    return no('NoHolder', 'No replica holds the ledger at the moment.');
  }
  return { type, status: 'True', reason: 'AllReplicasReady', message: `${spec.replicas} replicas hand out numbers.` };
}

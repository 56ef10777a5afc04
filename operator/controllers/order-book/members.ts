import type { OrderBook, OrderBookMember } from '@sluice/api';
import type { Lease, Pod, StatefulSet } from '@sluice/runtime';

/** What the leader published in its Lease. */
export interface Report {
  /** Pod that takes orders; '' when none does. */
  readonly holder: string;
  readonly epoch: string;
  readonly sequence: string;
  readonly version: string;
  /** Undefined when it publishes nothing, or does not know yet how that goes. */
  readonly publication: Publication | undefined;
}

export interface Publication {
  /** `ok`, or the code of what keeps trades from the broker. */
  readonly state: string;
  /** Trades that the broker has not acknowledged, a decimal string. */
  readonly waiting: string;
  /** Why, when `state` is not `ok`. */
  readonly sentence: string;
}

/** Undefined when no member has reported yet. */
export function readReport(lease: Lease | undefined): Report | undefined {
  const annotations = lease?.metadata.annotations ?? {};
  const epoch = annotations['sluice.dev/epoch'];
  const sequence = annotations['sluice.dev/sequence'];
  const version = annotations['sluice.dev/version'];
  if (version === undefined || !isNumber(epoch) || !isNumber(sequence)) return undefined;
  const holder = lease?.spec?.holderIdentity ?? '';
  return {
    holder,
    epoch: String(BigInt(epoch)),
    sequence: String(BigInt(sequence)),
    version,
    publication: readPublication(annotations),
  };
}

function readPublication(annotations: Readonly<Record<string, string>>): Publication | undefined {
  const state = annotations['sluice.dev/publish-state'];
  const waiting = annotations['sluice.dev/trades-waiting'];
  if (state === undefined || !isNumber(waiting)) return undefined;
  return { state, waiting: String(BigInt(waiting)), sentence: annotations['sluice.dev/publish-sentence'] ?? '' };
}

function isNumber(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,20}$/.test(text);
}

export function isReady(pod: Pod): boolean {
  return (
    pod.metadata.deletionTimestamp === undefined &&
    pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
  );
}

/** The pod that takes orders. */
export function leaderOf(pods: readonly Pod[], report: Report | undefined): Pod | undefined {
  return pods.find((pod) => isReady(pod) && pod.metadata.name === report?.holder);
}

export function membersOf(pods: readonly Pod[], report: Report | undefined): OrderBookMember[] {
  return pods.map((pod): OrderBookMember => {
    const { name } = pod.metadata;
    const ready = isReady(pod);
    const leads = report?.holder === name;
    const node = pod.spec?.nodeName;
    return {
      name,
      role: ready && leads ? 'Leader' : ready ? 'Unknown' : 'Starting',
      ready,
      ...(leads && { version: report.version, sequence: report.sequence, lag: '0' }),
      ...(node !== undefined && { node }),
    };
  });
}

/** All pods are of the StatefulSet's newest template and ready. */
export function rolledOut({ spec }: OrderBook, statefulSet: StatefulSet | undefined): boolean {
  const { status, metadata } = statefulSet ?? {};
  const { readyReplicas = 0, replicas = 0, updatedReplicas = 0, observedGeneration = 0 } = status ?? {};
  // A finished roll may leave updatedReplicas out: then the two revisions are equal.
  const updated = updatedReplicas === spec.replicas || status?.currentRevision === status?.updateRevision;
  const settled = observedGeneration >= (metadata?.generation ?? 1);
  return settled && updated && replicas === spec.replicas && readyReplicas === spec.replicas;
}

/** Why a pod does not run, in the words of kubelet or of the program itself; undefined when it just takes its time. */
export function troubleOf(pod: Pod): { readonly reason: string; readonly message: string } | undefined {
  const [container] = pod.status?.containerStatuses ?? [];
  const waiting = container?.state?.waiting;
  const ended = container?.lastState?.terminated ?? container?.state?.terminated;
  if (ended !== undefined && ended.exitCode !== 0 && container?.ready !== true) {
    // Its last words are the reason when it ended by itself; a signal leaves only what it was saying at the time.
    const said = ended.exitCode < 128 ? ended.message?.trim().split('\n').at(-1) : ended.reason;
    return {
      reason: 'MemberFails',
      message: `${pod.metadata.name} ended with ${ended.exitCode}: ${said ?? 'no reason given'}`,
    };
  }
  if (waiting?.reason !== undefined && !['ContainerCreating', 'PodInitializing'].includes(waiting.reason)) {
    return { reason: waiting.reason, message: `${pod.metadata.name}: ${waiting.message ?? waiting.reason}` };
  }
  const unscheduled = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (unscheduled === undefined) return undefined;
  return {
    reason: unscheduled.reason ?? 'Unschedulable',
    message: `${pod.metadata.name}: ${unscheduled.message ?? 'no node takes it'}`,
  };
}

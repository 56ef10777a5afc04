import { Node, type Pod } from '@sluice/runtime';
import type { Stage } from '@sluice/runtime/testing';

/** Counts for the controllers that made it: it is not going and has not ended. */
export function isActive({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp === undefined && !hasEnded(status?.phase);
}

export function hasEnded(phase: string | undefined): boolean {
  return phase === 'Failed' || phase === 'Succeeded';
}

export function isReady({ metadata, status }: Pod): boolean {
  const ready = status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True');
  return metadata.deletionTimestamp === undefined && ready === true;
}

/** Whether the node's kubelet still reports. */
export function nodeAnswers(stage: Stage, name: string): boolean {
  const conditions = stage.find(Node, { namespace: '', name })?.status?.conditions;
  return conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

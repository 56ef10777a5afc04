import type { AppDeploymentStatus } from '@sluice/api';
import type { EventInput } from '@sluice/runtime';

/** What a person should read in `kubectl describe`: turns of the rollout, each said once, when status turns. */
export function rolloutEvents(before: AppDeploymentStatus | undefined, after: AppDeploymentStatus): EventInput[] {
  const [was, is] = [before?.lastRollout, after.lastRollout];
  const events: EventInput[] = [];
  if (is !== undefined && is.startTime !== was?.startTime) {
    const from = is.from === undefined ? '' : ` from ${is.from}`;
    events.push({
      type: 'Normal',
      reason: 'RolloutStarted',
      action: 'RollOut',
      note: `Rolling out${from} to ${is.to}.`,
    });
  }
  if (is?.completionTime !== undefined && is.completionTime !== was?.completionTime) {
    const { drained, closedByApp, severedByDeadline, severedByNode, unknown } = is.connections;
    const cut = severedByDeadline + severedByNode;
    events.push({
      type: cut > 0 ? 'Warning' : 'Normal',
      reason: 'RolloutComplete',
      action: 'RollOut',
      note: `Version ${is.to} serves after ${is.durationSeconds} s; connections of old pods: ${drained} drained, ${closedByApp} closed by the app, ${cut} severed, ${unknown} unknown.`,
    });
  }
  const stall = after.conditions?.find(({ reason }) => reason === 'ProgressDeadlineExceeded');
  if (stall !== undefined && !before?.conditions?.some(({ reason }) => reason === stall.reason)) {
    events.push({ type: 'Warning', reason: 'ProgressDeadlineExceeded', action: 'RollOut', note: stall.message });
  }
  for (const { type, reason, message } of after.conditions ?? []) {
    const refused = type === 'Accepted' && reason !== 'Valid';
    if (refused && !before?.conditions?.some((old) => old.type === type && old.reason === reason)) {
      events.push({ type: 'Warning', reason, action: 'Validate', note: message });
    }
  }
  return events;
}

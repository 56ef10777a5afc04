import type { ConnectionOutcomes } from '@sluice/api';
import type { Pod } from '@sluice/runtime';
import { appStatus, drainDeadlineMs, drainStartMs } from './pods.ts';

// What the drain agent says, and what it means. docs/decisions/0002-drain-report.md tells why it is said this way.

/** The agent's report: the termination message of the app's container, and the live counts while it drains. */
export interface DrainReport {
  /**
   * `holding`: the hook held the app when this was written; `finished`: nothing was open any more; `handed`: open
   * connections were left to the app's own shutdown; `expired`: they were left to it because the deadline had passed;
   * `blinded`: sockets could not be counted.
   */
  readonly phase: 'holding' | 'finished' | 'handed' | 'expired' | 'blinded';
  readonly drained: number;
  readonly closedByApp: number;
  readonly open: number;
  readonly idle: number;
  readonly oldestSeconds: number;
}

const format = 1;
const phases: ReadonlySet<unknown> = new Set<DrainReport['phase']>([
  'holding',
  'finished',
  'handed',
  'expired',
  'blinded',
]);

/** Reads a report. Undefined for anything else: an app may write a termination message of its own. */
export function parseDrainReport(text: string): DrainReport | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields: Record<string, unknown> = { ...value };
  if (fields.sluiceDrain !== format || !phases.has(fields.phase)) return undefined;
  const { drained, closedByApp, open, idle, oldestSeconds } = fields;
  if (!isCount(drained) || !isCount(closedByApp) || !isCount(open) || !isCount(idle)) return undefined;
  if (typeof oldestSeconds !== 'number' || !(oldestSeconds >= 0)) return undefined;
  return { phase: fields.phase as DrainReport['phase'], drained, closedByApp, open, idle, oldestSeconds };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

export const noConnections: ConnectionOutcomes = {
  drained: 0,
  closedByApp: 0,
  severedByDeadline: 0,
  severedByNode: 0,
  unknown: 0,
  podsWithoutReport: 0,
};

export function addOutcomes(a: ConnectionOutcomes, b: ConnectionOutcomes): ConnectionOutcomes {
  return {
    drained: a.drained + b.drained,
    closedByApp: a.closedByApp + b.closedByApp,
    severedByDeadline: a.severedByDeadline + b.severedByDeadline,
    severedByNode: a.severedByNode + b.severedByNode,
    unknown: a.unknown + b.unknown,
    podsWithoutReport: a.podsWithoutReport + b.podsWithoutReport,
  };
}

/**
 * How the connections of a pod that has ended came to their end. `lastOpen` is the last live count of open ones, if there
 * was any.
 */
export function outcomesOf(pod: Pod, lastOpen: number | undefined): ConnectionOutcomes {
  const state = appStatus(pod)?.state;
  if (state?.terminated === undefined) {
    // Still running as far as anybody knows: whoever would know better is gone.
    if (state?.running === undefined) return noConnections;
    return { ...noConnections, severedByNode: lastOpen ?? 0, podsWithoutReport: 1 };
  }
  const { message, finishedAt, exitCode, reason } = state.terminated;
  const report = message === undefined ? undefined : parseDrainReport(message);
  const startMs = drainStartMs(pod);
  const endMs = finishedAt === undefined ? undefined : Date.parse(finishedAt);
  if (report === undefined) {
    const wasOver = startMs !== undefined && endMs !== undefined && endMs < startMs;
    if (wasOver) return noConnections;
    return { ...noConnections, unknown: lastOpen ?? 0, podsWithoutReport: 1 };
  }
  const { phase, drained, closedByApp, open } = report;
  const known = { ...noConnections, drained, closedByApp };
  if (phase === 'expired') return { ...known, severedByDeadline: open };
  if (phase !== 'holding') return { ...known, unknown: open };
  // The app ended while the hook still held it. Timestamps of the API have whole seconds.
  const deadlineMs = drainDeadlineMs(pod);
  if (deadlineMs !== undefined && endMs !== undefined && endMs >= deadlineMs) {
    return { ...known, severedByDeadline: open };
  }
  if (exitCode === killed && reason !== 'OOMKilled') return { ...known, severedByNode: open };
  if (exitCode === terminated) return { ...known, severedByNode: open };
  return { ...known, unknown: open };
}

/** Exit codes of a container ended by SIGKILL and by SIGTERM: somebody gave it less time than the drain had. */
const killed = 137;
const terminated = 143;

import type { Pod } from '@sluice/runtime';
import { type DrainReport, parseDrainReport } from './drain-report.ts';
import { drainLivePort } from './names.ts';

/** Reads a draining pod's counts. Undefined: not to be had now, which decides nothing. */
export type PollDrain = (pod: Pod) => Promise<DrainReport | undefined>;

/** A pod that does not answer at once is asked again later; meanwhile nobody waits for it. */
const timeoutMs = 500;
const maxAnswerBytes = 4096;

/** Asks the drain agent on the pod's own address. Network policies or a mesh may forbid it; the drain goes on. */
export const pollDrain: PollDrain = async (pod) => {
  const address = pod.status?.podIP;
  if (address === undefined) return undefined;
  const host = address.includes(':') ? `[${address}]` : address;
  try {
    const response = await fetch(`http://${host}:${drainLivePort}/`, {
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
    });
    const length = Number(response.headers.get('content-length'));
    if (!response.ok || !(length > 0 && length <= maxAnswerBytes)) {
      await response.body?.cancel();
      return undefined;
    }
    return parseDrainReport(await response.text());
  } catch {
    return undefined;
  }
};

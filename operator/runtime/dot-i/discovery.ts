import { type Clock, pause } from '../clock.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Resource } from '../kube/object.ts';
import type { Logger } from '../telemetry/log.ts';

/** A definition that was created a moment ago is served about a second later. */
const RETRY_MS = 1_000;

interface Wanted {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

/**
 * What the server says of a resource of which only the plural is known. Asks again until the server answers and serves it;
 * rejects only when `signal` aborts.
 */
export async function discover(
  { client, clock, log }: { readonly client: KubeClient; readonly clock: Clock; readonly log: Logger },
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Resource> {
  const { group, version, plural } = wanted;
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  for (;;) {
    try {
      const list = (await client.raw('GET', path, undefined, { signal })) as {
        readonly resources?: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
      };
      const found = list.resources?.find(({ name }) => name === plural);
      if (found !== undefined) return { ...wanted, kind: found.kind, namespaced: found.namespaced };
      log.warn({ path, plural }, 'the server does not serve this resource yet');
    } catch (error) {
      signal.throwIfAborted();
      log.warn({ err: error, path }, 'the server does not say what it serves');
    }
    await pause(clock, RETRY_MS, signal);
  }
}

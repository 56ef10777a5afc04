import { type Clock, pause, type Random } from '../../clock.ts';
import { KubeApiError } from '../../kube/client.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Transport, TransportRequest } from '../../kube/transport.ts';

const LIST_FAULTS = ['500', '503', '429', 'reset', 'garbage', 'half', 'slow', 'credentials'] as const;
const OPEN_FAULTS = ['500', '503', '429', '410', 'refused', 'credentials'] as const;
const STREAM_FAULTS = [
  'reset',
  'truncated',
  'garbage',
  'gone',
  'error',
  'silent',
  'early end',
  'regress',
  'unknown',
] as const;

type Fault = (typeof LIST_FAULTS | typeof OPEN_FAULTS | typeof STREAM_FAULTS)[number];

interface HistoryEntry {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
  readonly version: number;
}

/**
 * One collection of ConfigMaps behind a transport that fails at random: what a reflector must survive, on virtual time.
 * `faultRate` is the probability per request and per chunk; `calm()` ends the faults, silent streams included.
 */
export function createFaultyServer(
  clock: Clock,
  random: Random,
  faultRate: number,
  streamedLists: 'served' | 'refused' | 'unknown' = 'refused',
) {
  const objects = new Map<string, KubeObject>();
  const history: HistoryEntry[] = [];
  const wake = new Set<() => void>();
  const faults = new Map<Fault, number>();
  let version = 1;
  let compacted = 0;
  let rate = faultRate;

  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const fault = <T extends Fault>(choices: readonly T[]): T | undefined => {
    if (random() >= rate) return undefined;
    const chosen = pick(choices);
    faults.set(chosen, (faults.get(chosen) ?? 0) + 1);
    return chosen;
  };

  const record = (type: HistoryEntry['type'], object: KubeObject): void => {
    version += 1 + Math.floor(random() * 3);
    const stamped = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    if (type === 'DELETED') objects.delete(object.metadata.name);
    else objects.set(object.metadata.name, stamped);
    history.push({ type, object: stamped, version });
    for (const listener of wake) listener();
  };

  const write = (name: string): void => {
    const old = objects.get(name);
    const metadata = {
      name,
      namespace: 'n',
      uid: old?.metadata.uid ?? `${name}-${version}`,
      labels: { text: 'zäh🦥' },
    };
    record(old === undefined ? 'ADDED' : 'MODIFIED', { apiVersion: 'v1', kind: 'ConfigMap', metadata });
  };

  const remove = (name: string): void => {
    const old = objects.get(name);
    if (old !== undefined) record('DELETED', old);
  };

  async function request({ path, signal }: TransportRequest): Promise<unknown> {
    const failure = fault(LIST_FAULTS);
    await pause(clock, failure === 'slow' ? 5_000 : 1 + random() * 20, signal);
    fail(failure);
    if (failure === 'garbage') return { kind: 'Status' };
    const query = new URL(path, 'https://server').searchParams;
    const [at = version, offset = 0] = (query.get('continue') ?? '').split(' ').filter(Boolean).map(Number);
    if (at < compacted) throw new KubeApiError(410, 'Expired', 'the continue token is too old');
    const limit = Number(query.get('limit'));
    const items = [...objectsAt(history, at)].slice(offset, offset + limit);
    const more = objectsAt(history, at).length > offset + limit;
    const metadata = { resourceVersion: String(at), ...(more ? { continue: `${at} ${offset + limit}` } : {}) };
    return { metadata, items: failure === 'half' ? undefined : items };
  }

  async function* stream({
    path,
    timeoutMs,
    signal,
  }: Omit<TransportRequest, 'body' | 'method'>): AsyncGenerator<Buffer> {
    const failure = fault(OPEN_FAULTS);
    await pause(clock, 1 + random() * 20, signal);
    fail(failure);
    const query = new URL(path, 'https://server').searchParams;
    const fromStart = query.get('sendInitialEvents') === 'true';
    if (fromStart && streamedLists === 'refused') {
      throw new KubeApiError(422, 'Invalid', 'sendInitialEvents: Forbidden: the feature is switched off');
    }
    let initial = fromStart ? initialLines(objects.values(), streamedLists === 'served' ? version : undefined) : [];
    let seen = fromStart ? version : Number(query.get('resourceVersion'));
    if (seen < compacted || failure === '410') throw new KubeApiError(410, 'Expired', 'too old resource version');
    const serverEnd = clock.monotonic() + Number(query.get('timeoutSeconds')) * 1000;
    const clientEnd = clock.monotonic() + timeoutMs;
    while (clock.monotonic() < serverEnd) {
      const news = history.filter((entry) => entry.version > seen);
      const lines = initial.concat(news.map(({ type, object }) => JSON.stringify({ type, object })));
      initial = [];
      if (random() < 0.2) lines.push(bookmark(version));
      seen = version;
      const broken = fault(STREAM_FAULTS);
      if (broken === 'silent') {
        while (rate > 0 && clock.monotonic() < clientEnd) await pause(clock, 1_000, signal);
        throw new Error('no answer within the deadline');
      }
      const text = lines.concat(extraLine(broken, seen) ?? []).map((line) => `${line}\n`);
      const bytes = Buffer.from(text.join(''));
      const cut = broken === 'truncated' ? Math.floor(random() * bytes.length) : bytes.length;
      for (let at = 0; at < cut; ) {
        const size = 1 + Math.floor(random() * 400);
        yield bytes.subarray(at, Math.min(cut, at + size));
        at += size;
      }
      if (broken === 'reset') throw new Error('ECONNRESET');
      if (broken === 'truncated' || broken === 'early end') return;
      await nextChange(signal);
      signal?.throwIfAborted();
    }
  }

  /** Until something is written, at most five seconds. */
  function nextChange(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        wake.delete(end);
        resolve();
      };
      const cancel = clock.setTimer(5_000, end);
      wake.add(end);
      signal?.addEventListener('abort', end, { once: true });
    });
  }

  const transport: Transport = { request, stream, close: () => {} };
  return {
    transport,
    objects,
    faults,
    write,
    remove,
    /** Forgets history, as etcd does every five minutes. */
    compact: () => {
      compacted = version;
    },
    calm: () => {
      rate = 0;
    },
    version: () => String(version),
  };
}

function objectsAt(history: readonly HistoryEntry[], version: number): KubeObject[] {
  const objects = new Map<string, KubeObject>();
  for (const entry of history) {
    if (entry.version > version) break;
    if (entry.type === 'DELETED') objects.delete(entry.object.metadata.name);
    else objects.set(entry.object.metadata.name, entry.object);
  }
  return [...objects.values()];
}

/** All objects as a watch sends them that begins with the collection; `end` is missing from a server that knows no end. */
function initialLines(objects: Iterable<KubeObject>, end: number | undefined): string[] {
  const lines = [...objects].map((object) => JSON.stringify({ type: 'ADDED', object }));
  return end === undefined ? lines : [...lines, bookmark(end, { 'k8s.io/initial-events-end': 'true' })];
}

function bookmark(version: number, annotations?: Record<string, string>): string {
  const metadata = { resourceVersion: String(version), annotations };
  return JSON.stringify({ type: 'BOOKMARK', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata } });
}

function extraLine(fault: Fault | undefined, version: number): string | undefined {
  if (fault === 'garbage') return '{"type":"ADDED","object":{"metadata":{"na';
  if (fault === 'gone') return JSON.stringify({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
  if (fault === 'error') return JSON.stringify({ type: 'ERROR', object: { code: 500, reason: 'InternalError' } });
  if (fault === 'regress') return bookmark(Math.max(0, version - 1));
  if (fault === 'unknown') return JSON.stringify({ type: 'SYNC', object: {} });
  return undefined;
}

function fail(fault: Fault | undefined): void {
  if (fault === 'reset' || fault === 'refused') throw new Error(fault);
  if (fault === 'credentials') throw new Error('the token file cannot be read');
  if (fault === '429' || fault === '500' || fault === '503') throw new KubeApiError(Number(fault), 'Fault', fault, 1);
}

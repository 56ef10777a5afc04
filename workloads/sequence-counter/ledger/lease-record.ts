import type { Lease } from '@sluice/runtime/kube';
import type { CounterMark, LedgerRecord } from '../core/record.ts';
import { paddedValue, parseValue } from '../core/value.ts';

/**
 * How a ledger stands in a Lease. The operator reads the same annotations (operator/controllers/sequence-counter/ledger.ts)
 * and an admission policy compares them as text, hence 20 digits each.
 */
const epochKey = 'sluice.dev/epoch';
const nonceKey = 'sluice.dev/nonce';
const formatKey = 'sluice.dev/format-version';
const addressKey = 'sluice.dev/holder-address';
const pinKey = 'sluice.dev/holder-pin';
/** Followed by the name of the counter: a name may have 63 characters, all that an annotation's own name may have. */
const highPrefix = 'high.sluice.dev/';
const restPrefix = 'rest.sluice.dev/';

/** Throws when a part is missing or is no number: a ledger that cannot be read must not be guessed. */
export function recordOf(lease: Lease): LedgerRecord {
  const annotations = lease.metadata.annotations ?? {};
  const { holderIdentity = '', leaseDurationSeconds = 1 } = lease.spec ?? {};
  const address = annotations[addressKey];
  const pin = annotations[pinKey];
  const marks = new Map<string, CounterMark>();
  for (const [key, text] of Object.entries(annotations)) {
    if (!key.startsWith(highPrefix)) continue;
    const name = key.slice(highPrefix.length);
    const rest = annotations[restPrefix + name];
    marks.set(name, { high: parseValue(text), ...(rest !== undefined && { rest: parseValue(rest) }) });
  }
  return {
    formatVersion: Number(parseValue(required(annotations, formatKey))),
    epoch: parseValue(required(annotations, epochKey)),
    nonce: annotations[nonceKey] ?? '',
    holder: holderIdentity,
    leaseMs: leaseDurationSeconds * 1000,
    marks,
    ...(address !== undefined && pin !== undefined && { endpoint: { address, pin } }),
  };
}

/** `over` with the record in it: labels, owners and whatever else others put there stay. `nowMs` is for people only. */
export function leaseWith(record: LedgerRecord, over: Lease, nowMs: number): Lease {
  const { holder, epoch, leaseMs, endpoint } = record;
  const before = over.spec ?? {};
  const now = new Date(nowMs).toISOString().replace('Z', '000Z');
  const kept = Object.entries(over.metadata.annotations ?? {}).filter(([key]) => !isOurs(key));
  const marks = [...record.marks].flatMap(([name, { high, rest }]): [string, string][] => [
    [highPrefix + name, paddedValue(high)],
    ...(rest === undefined ? [] : [[restPrefix + name, paddedValue(rest)] as [string, string]]),
  ]);
  const held = before.holderIdentity === holder && paddedValue(epoch) === over.metadata.annotations?.[epochKey];
  return {
    ...over,
    metadata: {
      ...over.metadata,
      annotations: {
        ...Object.fromEntries(kept),
        ...Object.fromEntries(marks),
        [formatKey]: paddedValue(BigInt(record.formatVersion)),
        [epochKey]: paddedValue(epoch),
        [nonceKey]: record.nonce,
        ...(endpoint !== undefined && { [addressKey]: endpoint.address, [pinKey]: endpoint.pin }),
      },
    },
    spec: {
      ...(holder !== '' && { holderIdentity: holder }),
      // A released lease is valid for the shortest time that the API accepts.
      leaseDurationSeconds: holder === '' ? 1 : Math.ceil(leaseMs / 1000),
      acquireTime: held && before.acquireTime !== undefined ? before.acquireTime : now,
      renewTime: now,
      leaseTransitions: (before.leaseTransitions ?? 0) + (held ? 0 : 1),
    },
  };
}

function isOurs(key: string): boolean {
  return (
    [epochKey, nonceKey, formatKey, addressKey, pinKey].includes(key) ||
    key.startsWith(highPrefix) ||
    key.startsWith(restPrefix)
  );
}

function required(annotations: Readonly<Record<string, string>>, key: string): string {
  const text = annotations[key];
  if (text === undefined) throw new RangeError(`the ledger has no annotation ${key}`);
  return text;
}

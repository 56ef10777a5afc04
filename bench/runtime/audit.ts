/** What the API server's audit log (level Metadata, stages ResponseStarted and ResponseComplete) says about one run. */
export interface AuditEntry {
  readonly user: string;
  readonly verb: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  readonly code: number;
  /** Milliseconds since the epoch, to the microsecond. */
  readonly receivedAt: number;
  readonly answeredAt: number;
}

/** Undefined for a line that says nothing new: a watch is counted when it opens, everything else when it is answered. */
export function parseAuditLine(line: string): AuditEntry | undefined {
  const event = record(JSON.parse(line));
  const verb = String(event.verb);
  if ((event.stage === 'ResponseStarted') !== (verb === 'watch')) return undefined;
  const object = record(event.objectRef ?? {});
  return {
    user: String(record(event.user).username),
    verb,
    resource: String(object.resource ?? ''),
    subresource: String(object.subresource ?? ''),
    name: String(object.name ?? ''),
    code: Number(record(event.responseStatus ?? {}).code),
    receivedAt: microseconds(String(event.requestReceivedTimestamp)),
    answeredAt: microseconds(String(event.stageTimestamp)),
  };
}

export interface AuditQuestion {
  readonly operator: string;
  /** Only requests received in this time count, in milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
}

export interface Calls {
  readonly all: number;
  readonly writes: number;
  /** Answered with 400 or above: conflicts, not found, throttled. */
  readonly refused: number;
  /** `patch configmaps`, `patch widgets/status`, … */
  readonly byKind: Readonly<Record<string, number>>;
}

const writing = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

export function countCalls(entries: readonly AuditEntry[], { operator, from, to }: AuditQuestion): Calls {
  const counted = entries.filter(({ user, receivedAt }) => user === operator && receivedAt >= from && receivedAt <= to);
  const byKind: Record<string, number> = {};
  for (const { verb, resource, subresource } of counted) {
    const kind = `${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}`;
    byKind[kind] = (byKind[kind] ?? 0) + 1;
  }
  return {
    all: counted.length,
    writes: counted.filter(({ verb }) => writing.has(verb)).length,
    refused: counted.filter(({ code }) => code >= 400).length,
    byKind,
  };
}

/**
 * Event to reconcile, for each of `names`: from the API server's answer to the creation of the Widget to the arrival of
 * the operator's first write of a child. Both times are the API server's own, so no operator measures itself.
 */
export function eventToReconcileMs(
  entries: readonly AuditEntry[],
  operator: string,
  names: ReadonlySet<string>,
): number[] {
  const created = new Map<string, number>();
  const firstChild = new Map<string, number>();
  for (const { user, verb, resource, name, code, receivedAt, answeredAt } of entries) {
    if (!names.has(name)) continue;
    if (resource === 'widgets') {
      if (verb === 'create' && user !== operator && code < 300) created.set(name, answeredAt);
    } else if (user === operator && writing.has(verb)) {
      firstChild.set(name, Math.min(receivedAt, firstChild.get(name) ?? Number.POSITIVE_INFINITY));
    }
  }
  return [...created].flatMap(([name, at]) => {
    const reached = firstChild.get(name);
    return reached === undefined ? [] : [reached - at];
  });
}

/** An RFC 3339 time with six digits after the point, as Kubernetes writes it; Date knows only three of them. */
function microseconds(text: string): number {
  const match = /^(.*)\.(\d{6})Z$/.exec(text);
  if (match === null) return Date.parse(text);
  return Date.parse(`${match[1]}Z`) + Number(match[2]) / 1000;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new Error('not an audit event');
  return value as Readonly<Record<string, unknown>>;
}

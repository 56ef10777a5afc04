/** A line of a watch, as far as merging has to understand it. */
interface Line {
  readonly type: string;
  readonly id: string;
  readonly text: string;
}

/**
 * What a watcher would see that looks again only after all of these lines have come: of each object its last state. An object
 * that came and went in between was never there.
 */
export function mergeEvents(lines: readonly string[]): string[] {
  const latest = new Map<string, Line>();
  for (const line of lines.map(parse)) {
    const before = latest.get(line.id);
    // In the order of the last versions, for a version must not go back.
    latest.delete(line.id);
    if (before?.type === 'ADDED' && line.type === 'DELETED') continue;
    const stillNew = before?.type === 'ADDED' && line.type === 'MODIFIED';
    latest.set(line.id, stillNew ? { ...line, type: 'ADDED', text: asAdded(line.text) } : line);
  }
  return [...latest.values()].map(({ text }) => text);
}

function parse(text: string): Line {
  const { type, object } = JSON.parse(text) as { type: string; object: { metadata?: { uid?: string } } };
  return { type, id: object.metadata?.uid ?? type, text };
}

function asAdded(text: string): string {
  return JSON.stringify({ ...(JSON.parse(text) as object), type: 'ADDED' });
}

/** The line with which a server says that it no longer knows what happened since then. */
export const expiredLine = JSON.stringify({
  type: 'ERROR',
  object: {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'too old resource version',
    reason: 'Expired',
    code: 410,
  },
});

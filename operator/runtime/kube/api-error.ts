import { type FieldConflict, KubeApiError } from './client.ts';

/** What the server answered, with a status of 400 and above. */
export interface Refusal {
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
  readonly text: string;
}

interface StatusObject {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
  };
}

/** Turns a Status object of the API server into an error. */
export function apiError({ status, retryAfterSeconds, text }: Refusal): KubeApiError {
  const body = statusObject(text);
  if (body === undefined) {
    return new KubeApiError(status, 'Unknown', `HTTP ${status}: ${text.slice(0, 200)}`, retryAfterSeconds);
  }
  const { reason, message, details } = body;
  const seconds = retryAfterSeconds ?? details?.retryAfterSeconds;
  return new KubeApiError(status, reason ?? 'Unknown', message ?? `HTTP ${status}`, seconds, conflictsOf(body));
}

function statusObject(text: string): StatusObject | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as StatusObject) : undefined;
  } catch {
    return undefined;
  }
}

/** The manager's name stands only in the message of a cause, quoted as Go quotes, which for names is as JSON does. */
const MANAGER = /^conflict with ("(?:[^"\\]|\\.)*")/;

function conflictsOf({ details }: StatusObject): FieldConflict[] {
  const conflicts: FieldConflict[] = [];
  for (const { reason, message = '', field = '' } of details?.causes ?? []) {
    if (reason !== 'FieldManagerConflict') continue;
    const [, quoted] = MANAGER.exec(message) ?? [];
    conflicts.push({ manager: quoted === undefined ? message : unquoted(quoted), field });
  }
  return conflicts;
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
}

import type { KubeObject, ObjectKey, Resource } from './object.ts';

/** Taken by every call. */
export interface CallOptions {
  /** Aborts the call; it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Deadline of the whole call, retries included, in milliseconds. Default by verb: 10 s to get, 60 s to list, 30 s to write. */
  readonly timeoutMs?: number;
  /**
   * Called right before each try goes on the wire, retries included, when credentials and connection are there. What it
   * throws ends the call, and nothing was sent. For fences: "am I still the leader?" belongs here, not before a queue.
   */
  readonly beforeSend?: () => void;
  /** Goes before all calls that wait for their turn. For the few that keep the process alive, such as renewing a Lease. */
  readonly urgent?: boolean;
}

/** Which objects to list. */
export interface ListOptions extends CallOptions {
  /** '' or absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** How to apply. */
export interface ApplyOptions extends CallOptions {
  /** Owner recorded in managedFields, 1–128 characters. */
  readonly fieldManager: string;
  /** Take fields over from other managers. Default true: a controller owns what it declares. */
  readonly force?: boolean;
  readonly subresource?: 'status' | 'scale';
}

/** What to delete, and how. */
export interface DeleteOptions extends CallOptions {
  /** The object must still be this one. Every delete states at least the uid. */
  readonly preconditions: { readonly uid: string; readonly resourceVersion?: string };
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

/**
 * The typed client. Reads are quorum reads (never `resourceVersion=0`); cached reads are the cache's business.
 * Every method rejects with `KubeApiError` for an answer of the server that is not a success, and with a transport error
 * when no answer came: for a write its outcome is then unknown.
 */
export interface KubeClient {
  /** Resolves to undefined when the object does not exist. */
  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey, options?: CallOptions): Promise<T | undefined>;
  /** Reads all pages (500 objects each). */
  list<T extends KubeObject>(
    resource: Resource<T>,
    options?: ListOptions,
  ): Promise<{ items: T[]; resourceVersion: string }>;
  create<T extends KubeObject>(resource: Resource<T>, object: T, options?: CallOptions): Promise<T>;
  /** PUT with the object's resourceVersion: a compare-and-swap. Rejects with 409 when the object has changed since. */
  replace<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options?: CallOptions & { subresource?: 'status' },
  ): Promise<T>;
  /** Server-side apply. `object` holds the fields we own and nothing else. */
  apply<T extends KubeObject>(resource: Resource<T>, object: KubeObject, options: ApplyOptions): Promise<T>;
  /** JSON merge patch (RFC 7396). With `metadata.resourceVersion` in the patch it is a compare-and-swap too. */
  mergePatch<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    patch: object,
    options?: CallOptions & { subresource?: 'status' | 'scale' },
  ): Promise<T>;
  /** Resolves to false when the object was gone already. Rejects with 409 when a precondition does not hold. */
  delete(resource: Resource, key: ObjectKey, options: DeleteOptions): Promise<boolean>;
  /** Evicts a pod through its disruption budget; rejects with 429 while the budget does not allow it. */
  evict(key: ObjectKey, options?: CallOptions): Promise<void>;
  /** Any other path of the API server, answered as parsed JSON (undefined for an empty body). */
  raw(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown, options?: CallOptions): Promise<unknown>;
}

/** A field that server-side apply did not take over, because another manager owns it with another value. */
export interface FieldConflict {
  /** As in managedFields: `kubectl`, `kube-controller-manager`, … */
  readonly manager: string;
  /** Path of the field: `.spec.replicas`. */
  readonly field: string;
}

/** The API server said no. `reason` is the machine-readable one of the Status object (`NotFound`, `Conflict`, `Invalid`, …). */
export class KubeApiError extends Error {
  override readonly name = 'KubeApiError';
  readonly status: number;
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;
  /** Who owns what was applied without force; empty for every other refusal. */
  readonly conflicts: readonly FieldConflict[];

  constructor(
    status: number,
    reason: string,
    message: string,
    retryAfterSeconds?: number,
    conflicts: readonly FieldConflict[] = [],
  ) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.retryAfterSeconds = retryAfterSeconds;
    this.conflicts = conflicts;
  }
}

/** The write was based on a state that is no longer there, or what was to be created exists: 409. */
export function isConflict(error: unknown): boolean {
  return error instanceof KubeApiError && error.status === 409;
}

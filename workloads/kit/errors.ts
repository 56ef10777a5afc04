/** One kind of failure that a user or another program can act on. */
export interface ErrorDefinition {
  /** `SLUICE_…`, stable: clients may switch on it. */
  readonly code: string;
  /** HTTP status, 400–599. */
  readonly status: number;
  /** What kind of failure it is, the same for each occurrence. */
  readonly title: string;
}

/** Keeps the literal types. Each package has one `errors.ts` with one call of this. */
export function defineErrors<const Ds extends Readonly<Record<string, ErrorDefinition>>>(definitions: Ds): Ds {
  return definitions;
}

export interface CodedErrorOptions {
  /** Whole seconds for the Retry-After header. */
  readonly retryAfterSeconds?: number;
  /** Extra members of the problem document (RFC 9457, section 3.2). */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** An error with a code, an HTTP status and a sentence for the person who can act on it (`message`). */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly retryAfterSeconds: number | undefined;
  readonly members: Readonly<Record<string, unknown>>;

  constructor(definition: ErrorDefinition, sentence: string, options: CodedErrorOptions = {}) {
    super(sentence, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = definition.code;
    this.status = definition.status;
    this.title = definition.title;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.members = options.members ?? {};
  }
}

/** The failures that every HTTP service of ours can answer with. */
export const serviceErrors = defineErrors({
  invalidRequest: { code: 'SLUICE_INVALID_REQUEST', status: 400, title: 'The request is not valid' },
  unauthenticated: { code: 'SLUICE_UNAUTHENTICATED', status: 401, title: 'A valid bearer token is needed' },
  forbidden: { code: 'SLUICE_FORBIDDEN', status: 403, title: 'The caller may not do this' },
  notFound: { code: 'SLUICE_NOT_FOUND', status: 404, title: 'There is nothing at this address' },
  requestTimeout: { code: 'SLUICE_REQUEST_TIMEOUT', status: 408, title: 'The request did not arrive whole in time' },
  headersTooLarge: { code: 'SLUICE_HEADERS_TOO_LARGE', status: 431, title: 'The request headers are too large' },
  bodyTooLarge: { code: 'SLUICE_BODY_TOO_LARGE', status: 413, title: 'The request body is too large' },
  unsupportedMediaType: {
    code: 'SLUICE_UNSUPPORTED_MEDIA_TYPE',
    status: 415,
    title: 'The request body has a media type that is not accepted',
  },
  internal: { code: 'SLUICE_INTERNAL', status: 500, title: 'The service failed' },
  keysUnavailable: {
    code: 'SLUICE_KEYS_UNAVAILABLE',
    status: 503,
    title: 'The keys that tokens are checked with could not be read',
  },
});

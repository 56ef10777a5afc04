import type { FastifyRequest } from 'fastify';
import { CodedError, type ErrorDefinition, serviceErrors } from './errors.ts';

/** A problem document of RFC 9457. `type` is a URN, since the codes are names and no page has to be online for them. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Extension member: the code of the error, for programs. */
  readonly code: string;
}

export const problemMediaType = 'application/problem+json; charset=utf-8';

interface FrameworkError {
  readonly message: string;
  readonly code?: unknown;
  readonly statusCode?: unknown;
}

/** Mostly a body of JSON without its header, as curl sends it. */
const NOT_JSON = 'The body must be JSON: send it with the header "content-type: application/json".';

/** Turns anything thrown by a handler or by fastify into a coded error. Unknown ones do not show their message. */
export function codedErrorOf(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  if (error instanceof Error) {
    const { message, code, statusCode }: FrameworkError = error;
    if (code === 'FST_ERR_VALIDATION') {
      const sentence = `${message.replace(/^querystring/, 'query')}.`;
      return new CodedError(serviceErrors.invalidRequest, sentence, { cause: error });
    }
    if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
      const sentence = statusCode === 415 ? NOT_JSON : shorten(message);
      return new CodedError({ ...definitionFor(statusCode), status: statusCode }, sentence, { cause: error });
    }
  }
  const sentence = 'The service failed on this request. Its log has the reason.';
  return new CodedError(serviceErrors.internal, sentence, { cause: error });
}

/** The error for an address that no route has. */
export function notFoundError({ method, url }: Pick<FastifyRequest, 'method' | 'url'>): CodedError {
  const sentence = `There is no ${method} ${url.split('?', 1)[0]} here. GET /openapi.json lists what there is.`;
  return new CodedError(serviceErrors.notFound, sentence);
}

export function problemOf(error: CodedError): Problem {
  return {
    ...error.members,
    type: `urn:sluice:error:${error.code}`,
    title: error.title,
    status: error.status,
    detail: error.message,
    code: error.code,
  };
}

/** The framework repeats a path of any length. */
function shorten(sentence: string): string {
  return sentence.length > 300 ? `${sentence.slice(0, 299)}…` : sentence;
}

function definitionFor(status: number): ErrorDefinition {
  if (status === 413) return serviceErrors.bodyTooLarge;
  if (status === 415) return serviceErrors.unsupportedMediaType;
  return serviceErrors.invalidRequest;
}

import {
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { Clock, Random } from '../clock.ts';
import { KubeApiError } from './client.ts';
import { type Connection, HeldBackError, UnsentError } from './connection.ts';
import type { Credentials } from './credentials.ts';
import { asError, deadlineSignal, pause, unlessAborted } from './deadline.ts';
import type { RequestObserver } from './request-metrics.ts';
import { type RetryPolicy, retryDelayMs } from './retry.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface TransportRequest {
  readonly method: Method;
  /** Path and query. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal;
  /** Deadline of the whole call in milliseconds, retries included. */
  readonly timeoutMs: number;
  /** False: an answer is an answer, also 429. Default true. */
  readonly retry?: boolean;
  /** Called right before each try goes on the wire; what it throws ends the call. */
  readonly beforeSend?: () => void;
}

/** Requests and answers as JSON over one connection, with deadlines and retries. */
export interface Transport {
  /** The parsed answer; undefined for an empty body. Rejects with KubeApiError for an answer of 400 and above. */
  request(request: TransportRequest): Promise<unknown>;
  /** Opens a long answer and yields its raw chunks. Ends when the server ends it; rejects on errors and on abort. */
  stream(request: Omit<TransportRequest, 'body' | 'method'>): AsyncIterable<Buffer>;
  close(): void;
}

interface Answer {
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
  readonly text: string;
}

export interface TransportOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly credentials: Credentials;
  readonly connection: Connection;
  readonly userAgent: string;
  readonly observer?: RequestObserver | undefined;
  readonly retry?: RetryPolicy;
}

export function createTransport(options: TransportOptions): Transport {
  const { clock, random, connection, observer } = options;

  async function open(request: TransportRequest, signal: AbortSignal): Promise<ClientHttp2Stream> {
    const payload = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const headers = await unlessAborted(requestHeaders(options, request, payload), signal);
    const stream = await connection.open(headers, payload === undefined, signal, request.beforeSend);
    if (payload !== undefined) stream.end(payload);
    return stream;
  }

  async function attempt(request: TransportRequest, signal: AbortSignal): Promise<Answer> {
    const started = clock.monotonic();
    const verb = request.method;
    try {
      const answer = await readAnswer(await open(request, signal), signal);
      observer?.answered(verb, String(answer.status), clock.monotonic() - started);
      return answer;
    } catch (error) {
      observer?.answered(verb, '<error>', clock.monotonic() - started);
      throw error;
    }
  }

  async function request(call: TransportRequest): Promise<unknown> {
    const deadline = clock.monotonic() + call.timeoutMs;
    const { signal, dispose } = deadlineSignal(clock, {
      signal: call.signal,
      timeoutMs: call.timeoutMs,
      what: call.path,
    });
    try {
      for (let tries = 1; ; tries++) {
        const outcome = await attempt(call, signal).catch((error: unknown) => ({ error }));
        signal.throwIfAborted();
        if ('error' in outcome && outcome.error instanceof HeldBackError) throw outcome.error.cause;
        if (!('error' in outcome) && outcome.status < 400)
          return outcome.text === '' ? undefined : JSON.parse(outcome.text);
        const failure = 'error' in outcome ? outcome.error : apiError(outcome);
        const delayMs =
          call.retry === false ? undefined : retryDelayMs(call.method, failure, tries, random, options.retry);
        if (delayMs === undefined || clock.monotonic() + delayMs > deadline) throw failure;
        observer?.retried(call.method, 'error' in outcome ? '<error>' : String(outcome.status));
        await pause(clock, delayMs, signal);
      }
    } finally {
      dispose();
    }
  }

  async function* stream(call: Omit<TransportRequest, 'body' | 'method'>): AsyncIterable<Buffer> {
    const { signal, dispose } = deadlineSignal(clock, {
      signal: call.signal,
      timeoutMs: call.timeoutMs,
      what: call.path,
    });
    try {
      const opened = await open({ ...call, method: 'GET' }, signal);
      const cancel = (): void => void opened.destroy(asError(signal.reason));
      signal.addEventListener('abort', cancel, { once: true });
      try {
        const { status, retryAfterSeconds } = await responseHead(opened, signal);
        if (status >= 400) throw apiError({ status, retryAfterSeconds, text: await readText(opened) });
        for await (const chunk of opened) yield chunk as Buffer;
        signal.throwIfAborted();
      } finally {
        signal.removeEventListener('abort', cancel);
        opened.destroy();
      }
    } finally {
      dispose();
    }
  }

  return { request, stream, close: () => connection.close() };
}

async function requestHeaders(
  { credentials, userAgent }: TransportOptions,
  { method, path, accept = 'application/json', contentType = 'application/json' }: TransportRequest,
  payload: Buffer | undefined,
): Promise<OutgoingHttpHeaders> {
  const authorization = await credentials.authorization();
  return {
    ':method': method,
    ':path': path,
    accept,
    'user-agent': userAgent,
    ...(authorization === undefined ? {} : { authorization }),
    ...(payload === undefined ? {} : { 'content-type': contentType, 'content-length': payload.length }),
  };
}

function headOf(headers: IncomingHttpHeaders & IncomingHttpStatusHeader): Omit<Answer, 'text'> {
  const seconds = Number(headers['retry-after']);
  const retryAfterSeconds = Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
  return { status: headers[':status'] ?? 0, retryAfterSeconds };
}

/** Why a stream ended without what was waited for. */
function endOf(stream: ClientHttp2Stream, signal: AbortSignal, error?: Error): Error {
  if (signal.aborted) return asError(signal.reason);
  const refused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
  if (refused) return new UnsentError('the server refused the stream unread', { cause: error });
  return error ?? new Error('the stream ended before the answer was complete');
}

function responseHead(stream: ClientHttp2Stream, signal: AbortSignal): Promise<Omit<Answer, 'text'>> {
  return new Promise((resolve, reject) => {
    stream.once('response', (headers) => resolve(headOf(headers)));
    stream.once('error', (error) => reject(endOf(stream, signal, error)));
    stream.once('close', () => reject(endOf(stream, signal)));
  });
}

async function readText(stream: ClientHttp2Stream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Reads a whole answer. Aborting destroys the stream. */
async function readAnswer(stream: ClientHttp2Stream, signal: AbortSignal): Promise<Answer> {
  const cancel = (): void => void stream.destroy(asError(signal.reason));
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let head: Omit<Answer, 'text'> | undefined;
      const complete = (): void => {
        if (head !== undefined) resolve({ ...head, text: Buffer.concat(chunks).toString('utf8') });
      };
      stream.once('response', (headers) => {
        head = headOf(headers);
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      });
      stream.once('end', complete);
      stream.once('error', (error) => reject(endOf(stream, signal, error)));
      stream.once('close', () => {
        // A server that refuses before it has read the body resets the stream without error right behind its answer.
        if (head !== undefined && head.status >= 400 && stream.rstCode === constants.NGHTTP2_NO_ERROR) complete();
        reject(endOf(stream, signal));
      });
    });
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/** Turns a Status object of the API server into an error. */
function apiError({ status, retryAfterSeconds, text }: Answer): KubeApiError {
  try {
    const { reason, message, details } = JSON.parse(text) as {
      reason?: string;
      message?: string;
      details?: { retryAfterSeconds?: number };
    };
    const seconds = retryAfterSeconds ?? details?.retryAfterSeconds;
    return new KubeApiError(status, reason ?? 'Unknown', message ?? `HTTP ${status}`, seconds);
  } catch {
    return new KubeApiError(status, 'Unknown', `HTTP ${status}: ${text.slice(0, 200)}`, retryAfterSeconds);
  }
}

import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import type { Clock, Random } from '../clock.ts';
import { apiError } from './api-error.ts';
import { type Connection, type GatedConnection, UnsentError } from './connection.ts';
import type { Credentials } from './credentials.ts';
import { type Answer, readAnswer, readHead, readText } from './exchange.ts';
import { createPatience, type Patience } from './patience.ts';
import type { RequestObserver } from './request-metrics.ts';
import { type RetryPolicy, retryDelayMs } from './retry.ts';
import { createSlots } from './slots.ts';

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
  /** Goes before all requests that wait for their turn. */
  readonly urgent?: boolean;
}

/** A request whose answer is read as it comes. */
export type StreamRequest = Omit<TransportRequest, 'body' | 'method' | 'urgent'>;

/** Requests and answers as JSON over one connection, with deadlines and retries. */
export interface Transport {
  /** The parsed answer; undefined for an empty body. Rejects with KubeApiError for an answer of 400 and above. */
  request(request: TransportRequest): Promise<unknown>;
  /** Opens a long answer and yields its raw chunks. Ends when the server ends it; rejects on errors and on abort. */
  stream(request: StreamRequest): AsyncIterable<Buffer>;
  close(): void;
}

export interface TransportOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly credentials: Credentials;
  readonly connection: Connection;
  /** For requests with `beforeSend`. */
  readonly gated: GatedConnection;
  readonly userAgent: string;
  readonly observer?: RequestObserver | undefined;
  readonly retry?: RetryPolicy;
  /** Requests under way at once, watches left out; more wait in order. Default 64. */
  readonly maxInFlight?: number;
}

/** The server is fastest with some tens of requests at a time; the rest would only wait there instead of here. */
const MAX_IN_FLIGHT = 64;

/** The caller's own `beforeSend` threw `reason`. Nothing was sent, and nothing is to be tried again. */
class HeldBack {
  readonly reason: unknown;
  constructor(reason: unknown) {
    this.reason = reason;
  }
}

export function createTransport(options: TransportOptions): Transport {
  const { clock, random, connection, gated, credentials, observer, maxInFlight = MAX_IN_FLIGHT } = options;
  let watches = 0;
  // Watches hold streams too; one stream is always left for a request, or nothing would ever be written.
  const slots = createSlots(() => Math.max(1, Math.min(maxInFlight, connection.maxStreams() - watches)));
  const observeLoad = (): void => observer?.load(slots.inFlight, slots.waiting);

  async function open(request: TransportRequest, patience: Patience): Promise<ClientHttp2Stream> {
    const payload = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const authorization = await patience.wait(credentials.authorization());
    const { beforeSend } = request;
    const session = await patience.wait((beforeSend === undefined ? connection : gated).session());
    if (session.closed || session.destroyed) {
      throw new UnsentError('the connection was closed before the request was sent');
    }
    try {
      beforeSend?.();
    } catch (reason) {
      throw new HeldBack(reason);
    }
    const headers = requestHeaders(options.userAgent, authorization, request, payload);
    const stream = session.request(headers, { endStream: payload === undefined });
    if (beforeSend !== undefined) {
      // What was queued just now leaves later, and is asked for once more then.
      const release = gated.hold(beforeSend);
      stream.once('response', release);
      stream.once('close', release);
    }
    if (payload !== undefined) stream.end(payload);
    return stream;
  }

  async function attempt(request: TransportRequest, patience: Patience): Promise<Answer> {
    const turn = slots.take(request.urgent === true);
    observeLoad();
    let started = clock.monotonic();
    try {
      if (turn.ready !== undefined) {
        await patience.wait(turn.ready);
        started = clock.monotonic();
      }
      const answer = await readAnswer(await open(request, patience), patience);
      observer?.answered(request.method, String(answer.status), clock.monotonic() - started);
      return answer;
    } catch (error) {
      if (!(error instanceof HeldBack)) observer?.answered(request.method, '<error>', clock.monotonic() - started);
      throw error;
    } finally {
      turn.release();
      observeLoad();
    }
  }

  async function request(call: TransportRequest): Promise<unknown> {
    const deadline = clock.monotonic() + call.timeoutMs;
    const patience = createPatience(clock, { signal: call.signal, timeoutMs: call.timeoutMs, what: call.path });
    try {
      let renewed = false;
      for (let tries = 1; ; tries++) {
        const outcome = await attempt(call, patience).catch((error: unknown) => ({ error }));
        if (patience.over !== undefined) throw patience.over;
        if (!('error' in outcome) && outcome.status < 400) {
          return outcome.text === '' ? undefined : JSON.parse(outcome.text);
        }
        const failure = 'error' in outcome ? outcome.error : apiError(outcome);
        if (failure instanceof HeldBack) throw failure.reason;
        const unauthorized: boolean = 'status' in outcome && outcome.status === 401 && !renewed && call.retry !== false;
        // What was refused for its credentials was not done. They may have been replaced since they were read.
        if (unauthorized) credentials.renew?.();
        renewed ||= unauthorized;
        const delayMs = unauthorized ? 0 : delayOf(call, failure, tries);
        if (delayMs === undefined || clock.monotonic() + delayMs > deadline) throw failure;
        observer?.retried(call.method, 'error' in outcome ? '<error>' : String(outcome.status));
        if (delayMs > 0) await sleep(delayMs, patience);
      }
    } finally {
      patience.dispose();
    }
  }

  const delayOf = (call: TransportRequest, failure: unknown, tries: number): number | undefined =>
    call.retry === false ? undefined : retryDelayMs(call.method, failure, tries, random, options.retry);

  const sleep = (ms: number, patience: Patience): Promise<void> => {
    let cancel = (): void => {};
    const elapsed = new Promise<void>((resolve) => {
      cancel = clock.setTimer(ms, resolve);
    });
    return patience.wait(elapsed).finally(() => cancel());
  };

  async function* stream(call: StreamRequest): AsyncIterable<Buffer> {
    const patience = createPatience(clock, { signal: call.signal, timeoutMs: call.timeoutMs, what: call.path });
    watches++;
    let opened: ClientHttp2Stream | undefined;
    try {
      opened = await open({ ...call, method: 'GET' }, patience);
      patience.whenOver((reason) => void opened?.destroy(reason));
      const { status, retryAfterSeconds } = await readHead(opened, patience);
      if (status === 401) credentials.renew?.();
      if (status >= 400) throw apiError({ status, retryAfterSeconds, text: await readText(opened) });
      for await (const chunk of opened) yield chunk as Buffer;
      if (patience.over !== undefined) throw patience.over;
    } catch (error) {
      throw error instanceof HeldBack ? error.reason : error;
    } finally {
      watches--;
      opened?.destroy();
      patience.dispose();
    }
  }

  const close = (): void => {
    connection.close();
    gated.close();
  };
  return { request, stream, close };
}

function requestHeaders(
  userAgent: string,
  authorization: string | undefined,
  { method, path, accept = 'application/json', contentType = 'application/json' }: TransportRequest,
  payload: Buffer | undefined,
): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { ':method': method, ':path': path, accept, 'user-agent': userAgent };
  if (authorization !== undefined) headers.authorization = authorization;
  if (payload !== undefined) {
    headers['content-type'] = contentType;
    headers['content-length'] = payload.length;
  }
  return headers;
}

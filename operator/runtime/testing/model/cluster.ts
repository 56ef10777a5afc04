import type { Clock } from '../../clock.ts';
import type { KubeApiError } from '../../kube/client.ts';
import type { Cluster } from '../../kube/cluster.ts';
import { deadlineSignal, pause } from '../../kube/deadline.ts';
import { createClient } from '../../kube/rest-client.ts';
import { retryDelayMs } from '../../kube/retry.ts';
import type { Transport, TransportRequest } from '../../kube/transport.ts';
import type { ApiServerModel } from './model.ts';

/** What goes wrong with one try of a request. All of it can be combined. */
export interface Fault {
  /** On the way to the server, in milliseconds. */
  readonly delayMs?: number;
  /** On the way back. */
  readonly answerDelayMs?: number;
  /** The server says no and does nothing. */
  readonly refuse?: KubeApiError;
  /** The connection breaks: before the server has seen the request, or after it has done what was asked. */
  readonly lose?: 'request' | 'answer';
  /** A read sees the state at this version. */
  readonly staleVersion?: number;
  /** Of a watch: how late each chunk of events comes, asked for each. */
  readonly eventDelayMs?: () => number;
  /** Of a watch: the connection breaks so long after it was opened. */
  readonly breakAfterMs?: number;
}

/** Whose connection it is and what goes wrong on it. */
export interface ModelClusterOptions {
  readonly userAgent: string;
  /** The clock of the process; default: that of the model. */
  readonly clock?: Clock;
  /** Asked for each try of each request, watches included. */
  readonly fault?: (request: Omit<TransportRequest, 'signal'>) => Fault | undefined;
}

/** A connection to the model: the client of the runtime over a transport that ends in memory. */
export function createModelCluster(model: ApiServerModel, options: ModelClusterOptions): Cluster {
  const { userAgent, clock = model.clock, fault = () => undefined } = options;
  let closed = false;

  async function attempt(call: TransportRequest, signal: AbortSignal): Promise<unknown> {
    const trouble = fault(call) ?? {};
    // An answer takes at least one step of the event loop's microtasks, as it does from anywhere.
    await arrive(clock, trouble, signal);
    if (closed) throw new Error('the connection was closed');
    try {
      call.beforeSend?.();
    } catch (cause) {
      throw new HeldBack(cause);
    }
    if (trouble.refuse !== undefined) throw trouble.refuse;
    const answered = settle(() => model.handle({ ...call, user: userAgent, staleVersion: trouble.staleVersion }));
    if (trouble.answerDelayMs !== undefined) await pause(clock, trouble.answerDelayMs, signal);
    if (trouble.lose === 'answer') throw new Error('the connection broke before the answer was there');
    if ('error' in answered) throw answered.error;
    return answered.value;
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
        signal.throwIfAborted();
        const outcome = await attempt(call, signal).then(
          (value) => ({ value }),
          (error: unknown) => ({ error }),
        );
        if (!('error' in outcome)) return outcome.value;
        signal.throwIfAborted();
        const failure = outcome.error;
        if (failure instanceof HeldBack) throw failure.cause;
        const delayMs = call.retry === false ? undefined : retryDelayMs(call.method, failure, tries, model.random);
        if (delayMs === undefined || clock.monotonic() + delayMs > deadline) throw failure;
        await pause(clock, delayMs, signal);
      }
    } finally {
      dispose();
    }
  }

  async function* stream(call: Parameters<Transport['stream']>[0]): AsyncIterable<Buffer> {
    const { signal, dispose } = deadlineSignal(clock, {
      signal: call.signal,
      timeoutMs: call.timeoutMs,
      what: call.path,
    });
    const broken = new AbortController();
    const end = (): void => broken.abort(signal.reason);
    signal.addEventListener('abort', end, { once: true });
    const trouble = fault({ ...call, method: 'GET' }) ?? {};
    let cancel = (): void => {};
    try {
      await arrive(clock, trouble, signal);
      if (trouble.refuse !== undefined) throw trouble.refuse;
      if (trouble.breakAfterMs !== undefined) {
        cancel = clock.setTimer(trouble.breakAfterMs, () => broken.abort(new Error('the connection broke')));
      }
      for await (const chunk of model.watch(call, broken.signal)) {
        if (trouble.eventDelayMs !== undefined) await pause(clock, trouble.eventDelayMs(), broken.signal);
        yield chunk;
      }
      broken.signal.throwIfAborted();
    } finally {
      cancel();
      signal.removeEventListener('abort', end);
      dispose();
    }
  }

  const transport: Transport = {
    request,
    stream,
    close: () => {
      closed = true;
    },
  };
  return { client: createClient(transport), transport, close: () => transport.close() };
}

/** The caller's own `beforeSend` threw. */
class HeldBack extends Error {
  override readonly name = 'HeldBack';

  constructor(cause: unknown) {
    super('the caller held the request back', { cause });
  }
}

async function arrive(clock: Clock, { delayMs, lose }: Fault, signal: AbortSignal): Promise<void> {
  if (delayMs !== undefined) await pause(clock, delayMs, signal);
  if (lose === 'request') throw new Error('the connection broke before the request was sent');
}

function settle<T>(work: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: work() };
  } catch (error) {
    return { error };
  }
}

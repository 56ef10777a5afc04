import { type Clock, pause } from '../../clock.ts';
import type { KubeApiError } from '../../kube/client.ts';
import type { Cluster } from '../../kube/cluster.ts';
import { deadlineSignal } from '../../kube/deadline.ts';
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
  const closing = new AbortController();

  /** What comes of a request that has arrived. */
  function execute(call: TransportRequest, { refuse, staleVersion }: Fault): Outcome {
    if (closing.signal.aborted) return { error: closing.signal.reason };
    try {
      call.beforeSend?.();
    } catch (error) {
      return { error, isFinal: true };
    }
    if (refuse !== undefined) return { error: refuse };
    try {
      return { value: model.handle({ ...call, user: userAgent, staleVersion }) };
    } catch (error) {
      return { error };
    }
  }

  async function attempt(call: TransportRequest, trouble: Fault, signal: AbortSignal): Promise<Outcome> {
    if (trouble.delayMs !== undefined) await pause(clock, trouble.delayMs, signal);
    if (trouble.lose === 'request') return { error: new Error('the connection broke before the request was sent') };
    const outcome = execute(call, trouble);
    if (trouble.answerDelayMs !== undefined) await pause(clock, trouble.answerDelayMs, signal);
    if (trouble.lose !== 'answer') return outcome;
    return { error: new Error('the connection broke before the answer was there') };
  }

  function delayOf(call: TransportRequest, outcome: Outcome, tries: number): number | undefined {
    if (!('error' in outcome) || outcome.isFinal === true || call.retry === false) return undefined;
    return retryDelayMs(call.method, outcome.error, tries, model.random);
  }

  async function request(call: TransportRequest): Promise<unknown> {
    const trouble = fault(call);
    if (trouble !== undefined) return patiently(call, trouble);
    // Nothing to wait for, so neither timers nor signals are needed, which cost more than the rest.
    await undefined;
    call.signal?.throwIfAborted();
    const outcome = execute(call, {});
    return delayOf(call, outcome, 1) === undefined ? deliver(outcome) : patiently(call, {}, outcome);
  }

  /** With a deadline and retries, as the transport over a network. */
  async function patiently(call: TransportRequest, trouble: Fault, first?: Outcome): Promise<unknown> {
    const { timeoutMs, path: what } = call;
    const deadline = clock.monotonic() + timeoutMs;
    const { signal, dispose } = deadlineSignal(clock, { signal: call.signal, timeoutMs, what });
    try {
      let outcome = first ?? (await attempt(call, trouble, signal));
      for (let tries = 1; ; tries++) {
        signal.throwIfAborted();
        const delayMs = delayOf(call, outcome, tries);
        if (delayMs === undefined || clock.monotonic() + delayMs > deadline) return deliver(outcome);
        await pause(clock, delayMs, signal);
        outcome = await attempt(call, fault(call) ?? {}, signal);
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
    const end = (): void => broken.abort(signal.aborted ? signal.reason : closing.signal.reason);
    for (const ending of [signal, closing.signal]) ending.addEventListener('abort', end, { once: true });
    if (closing.signal.aborted) end();
    const trouble = fault({ ...call, method: 'GET' }) ?? {};
    let cancel = (): void => {};
    try {
      broken.signal.throwIfAborted();
      if (trouble.delayMs !== undefined) await pause(clock, trouble.delayMs, broken.signal);
      call.beforeSend?.();
      if (trouble.lose === 'request') throw new Error('the connection broke before the request was sent');
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
      for (const ending of [signal, closing.signal]) ending.removeEventListener('abort', end);
      dispose();
    }
  }

  const transport: Transport = {
    request,
    stream,
    close: () => closing.abort(new Error('the connection was closed')),
  };
  return { client: createClient(transport), transport, close: () => transport.close() };
}

/** `isFinal`: not to be tried again, whatever it is. */
type Outcome = { readonly value: unknown } | { readonly error: unknown; readonly isFinal?: boolean };

function deliver(outcome: Outcome): unknown {
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}

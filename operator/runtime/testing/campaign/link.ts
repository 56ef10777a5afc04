import type { Clock, Random } from '../../clock.ts';
import { asError } from '../../kube/deadline.ts';
import type { Transport, TransportRequest } from '../../kube/transport.ts';
import type { Moment, Strike } from './faults.ts';
import type { Fate, Injector } from './injector.ts';
import type { ProcessClock } from './process-clock.ts';
import type { Server } from './server.ts';
import { createWatchLinks } from './watch-link.ts';

/** The newest answers of one moment to the lists that processes ask for, by request. */
export type Snapshot = ReadonlyMap<string, unknown>;

export interface LinkOptions {
  readonly server: Server;
  readonly clock: Clock;
  readonly random: Random;
  readonly process: ProcessClock;
  readonly injector: Injector;
  /** Whether this request is one for the Lease of the election. */
  readonly isElection: (path: string) => boolean;
  /** Answers to the first lists of the process; empty: what is there. */
  readonly snapshot: Snapshot;
  /** A request has been decided: nothing of it is half done. */
  readonly onDecided: () => void;
  /** Told of the lists that are asked for. */
  readonly onList: (request: TransportRequest) => void;
  /** The process makes this write at this moment of the strike; carries the strike out. */
  readonly strike: (strike: Strike) => void;
}

/**
 * What lies between one process and the API server. Every request and every answer takes its time, may be refused or get
 * lost, and reaches the process only while that runs.
 */
export function createLink(options: LinkOptions): Transport {
  const { server, clock, random, process, injector } = options;
  const stale = new Map(options.snapshot);
  const watches = createWatchLinks(options);
  const travelMs = (): number => 1 + Math.floor(random() * 6);

  /** Does it now; the outcome is for the process to hear. */
  function execute(
    request: TransportRequest,
    sentAt: number,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    try {
      const value = server.handle(request, sentAt);
      return () => resolve(value);
    } catch (error) {
      return () => reject(error);
    }
  }

  /** Resolves when the process hears of it. */
  function answered(request: TransportRequest, fate: Fate, isOwnWrite: boolean): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const sentAt = clock.monotonic();
    const hear = (fn: () => void): void =>
      process.deliver(() => {
        // A process that was frozen meets its own deadline first.
        if (clock.monotonic() - sentAt <= request.timeoutMs) fn();
        else reject(noAnswer(request));
      });
    const moment: Moment | undefined = fate.kind === 'struck' ? fate.strike.moment : undefined;
    const arrive = (): void => {
      // A process that is no more sends nothing.
      if (process.dead) return;
      const outcome = execute(request, sentAt, resolve, reject);
      options.onDecided();
      if (fate.kind === 'struck' && moment === 'unanswered') options.strike(fate.strike);
      if (fate.kind === 'answerLost') {
        clock.setTimer(travelMs(), () => hear(() => reject(new Error('the connection was reset (injected)'))));
        return;
      }
      if (isOwnWrite) watches.holdAll(injector.delayAfterWrite());
      clock.setTimer(travelMs(), () => hear(outcome));
      if (fate.kind === 'struck' && moment === 'answered') {
        const { strike } = fate;
        clock.setTimer(travelMs() + 6, () => options.strike(strike));
      }
    };
    if (fate.kind === 'refused') clock.setTimer(travelMs(), () => hear(() => reject(fate.error)));
    else if (fate.kind === 'unheard') {
      const end = injector.beginUnheard();
      clock.setTimer(request.timeoutMs, () => {
        end();
        process.deliver(() => reject(noAnswer(request)));
      });
    } else if (fate.kind === 'struck' && moment === 'unsent') {
      options.strike(fate.strike);
      // One that is frozen after its last check and before the wire sends when it thaws.
      process.deliver(() => clock.setTimer(travelMs(), arrive));
    } else clock.setTimer(travelMs(), arrive);
    return promise;
  }

  return {
    request(request) {
      const { method, path, signal } = request;
      const isWrite = method !== 'GET';
      const isElection = options.isElection(path);
      try {
        signal?.throwIfAborted();
        request.beforeSend?.();
      } catch (error) {
        return Promise.reject(asError(error));
      }
      if (isCollection(request)) {
        options.onList(request);
        const old = stale.get(requestId(request));
        if (old !== undefined) {
          stale.delete(requestId(request));
          watches.holdFirst(path, random() ** 2 * 20_000);
          return Promise.resolve(structuredClone(old));
        }
      }
      const fate = injector.fateOf(isWrite, isElection);
      return unlessAborted(answered(request, fate, isWrite && !isElection), signal);
    },
    stream: (request) => watches.open(request),
    close: () => {},
  };
}

export function requestId({ path, accept }: Pick<TransportRequest, 'path' | 'accept'>): string {
  return `${path} ${accept ?? ''}`;
}

/** A list as reflectors ask for it, who say what form they accept; reads by the client go past every cache. */
function isCollection({ method, path, accept }: TransportRequest): boolean {
  return method === 'GET' && accept !== undefined && /[?&]limit=/.test(path);
}

function noAnswer({ path, timeoutMs }: TransportRequest): Error {
  return new Error(`no answer to ${path} within ${timeoutMs} ms (injected)`);
}

function unlessAborted(promise: Promise<unknown>, signal: AbortSignal | undefined): Promise<unknown> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(asError(signal.reason));
    signal.addEventListener('abort', aborted, { once: true });
    const settled = (): void => signal.removeEventListener('abort', aborted);
    promise.then(
      (value) => {
        settled();
        resolve(value);
      },
      (error: unknown) => {
        settled();
        reject(asError(error));
      },
    );
  });
}

import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { Clock } from '../clock.ts';
import type { Credentials } from './credentials.ts';
import { unlessAborted } from './deadline.ts';

const CONNECT_MS = 10_000;

/** How often a connection is asked whether it lives, and how long the answer may take. */
export interface PingTimes {
  readonly pingAfterMs: number;
  readonly pingAnswerMs: number;
}

const defaultPing: PingTimes = { pingAfterMs: 5_000, pingAnswerMs: 5_000 };

/**
 * One HTTP/2 connection to the API server, made when first needed and made anew when it is gone. Half-open connections
 * are found within 10 s by PING; after GOAWAY new requests take a new connection while old ones finish on theirs.
 */
export interface Connection {
  /**
   * Opens a stream. Rejects with UnsentError when no connection can be had, with the signal's reason on abort, with
   * HeldBackError when `beforeSend` throws; that one is called last, when nothing stands between it and the wire.
   */
  open(
    headers: OutgoingHttpHeaders,
    endStream: boolean,
    signal: AbortSignal,
    beforeSend?: () => void,
  ): Promise<ClientHttp2Stream>;
  close(): void;
}

/** The server certainly has not seen the request, so it may be sent again whatever it was. */
export class UnsentError extends Error {
  override readonly name = 'UnsentError';
}

/** The caller's own `beforeSend` threw, which is the cause. Nothing was sent, and nothing is to be tried again. */
export class HeldBackError extends Error {
  override readonly name = 'HeldBackError';
}

export function createConnection(clock: Clock, credentials: Credentials, ping = defaultPing): Connection {
  const sessions = new Set<ClientHttp2Session>();
  let current: Promise<ClientHttp2Session> | undefined;

  const usable = (): Promise<ClientHttp2Session> => {
    if (current !== undefined) return current;
    const made = establish(clock, credentials, ping, (session) => {
      sessions.add(session);
      const retire = (): void => {
        if (current === made) current = undefined;
      };
      session.once('goaway', retire);
      session.once('close', () => {
        retire();
        sessions.delete(session);
      });
    });
    current = made;
    made.catch(() => {
      if (current === made) current = undefined;
    });
    return made;
  };

  return {
    async open(headers, endStream, signal, beforeSend) {
      const connected = usable().catch((cause: unknown) => {
        throw new UnsentError(`no connection to ${credentials.server}: ${String(cause)}`, { cause });
      });
      const session = await unlessAborted(connected, signal);
      if (session.closed || session.destroyed) {
        throw new UnsentError('the connection was closed before the request was sent');
      }
      try {
        beforeSend?.();
      } catch (cause) {
        throw new HeldBackError('the caller held the request back', { cause });
      }
      return session.request(headers, { endStream });
    },
    close() {
      current = undefined;
      for (const session of sessions) session.destroy(undefined, constants.NGHTTP2_CANCEL);
    },
  };
}

async function establish(
  clock: Clock,
  credentials: Credentials,
  ping: PingTimes,
  adopt: (session: ClientHttp2Session) => void,
): Promise<ClientHttp2Session> {
  const session = connect(credentials.server, { ...(await credentials.tls()), ALPNProtocols: ['h2'] });
  adopt(session);
  await new Promise<void>((resolve, reject) => {
    const cancel = clock.setTimer(CONNECT_MS, () => {
      session.destroy(new Error(`no connection to ${credentials.server} within ${CONNECT_MS / 1000} s`));
    });
    session.once('connect', () => {
      cancel();
      resolve();
    });
    session.once('close', () => {
      cancel();
      reject(new Error(`${credentials.server} closed the connection`));
    });
    session.once('error', reject);
  });
  // From here on an error of the connection reaches every stream on it, which is where it is reported.
  session.on('error', () => {});
  watchOver(clock, ping, session);
  return session;
}

/** Destroys a session whose other end does not answer: TCP alone would notice after a quarter of an hour. */
function watchOver(clock: Clock, { pingAfterMs, pingAnswerMs }: PingTimes, session: ClientHttp2Session): void {
  let cancel = (): void => {};
  const lost = (): void => session.destroy(new Error(`no answer to PING within ${pingAnswerMs} ms`));
  const ping = (): void => {
    if (session.destroyed) return;
    cancel = clock.setTimer(pingAnswerMs, lost);
    session.ping((error) => {
      cancel();
      if (error === null && !session.destroyed) cancel = clock.setTimer(pingAfterMs, ping);
    });
  };
  cancel = clock.setTimer(pingAfterMs, ping);
  session.once('close', () => cancel());
}

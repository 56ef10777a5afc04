import { type ClientHttp2Session, connect, constants } from 'node:http2';
import type { Clock } from '../clock.ts';
import type { Credentials, TlsMaterial } from './credentials.ts';
import { type Check, connectGated, createGate, type Gate } from './gate.ts';

const CONNECT_MS = 10_000;

/**
 * How much the server may send ahead of what was read, per stream and for all of them. The 64 kB of the protocol would
 * make a first list of 25 MB wait for four hundred round trips.
 */
const STREAM_WINDOW_BYTES = 4 * 2 ** 20;
const CONNECTION_WINDOW_BYTES = 16 * 2 ** 20;
const settings = { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES, maxFrameSize: 2 ** 18 };

export interface ConnectionTimes {
  /** How often a connection is asked whether it lives, and how long the answer may take. */
  readonly pingAfterMs: number;
  readonly pingAnswerMs: number;
  /** How often certificates are compared with those the connection was made with. */
  readonly certificatesMs: number;
}

const defaultTimes: ConnectionTimes = { pingAfterMs: 5_000, pingAnswerMs: 5_000, certificatesMs: 30_000 };

/**
 * One HTTP/2 connection to the API server, made when first needed and made anew when it is gone. Half-open connections
 * are found within 10 s by PING. After GOAWAY, and after our certificates were replaced, new requests take a new
 * connection while old ones finish on theirs.
 */
export interface Connection {
  /** The session for the next request. Rejects with UnsentError when no connection can be had. */
  session(): Promise<ClientHttp2Session>;
  /** How many streams the server lets us have open at once, as far as it has said. */
  maxStreams(): number;
  close(): void;
}

/** The server certainly has not seen the request, so it may be sent again whatever it was. */
export class UnsentError extends Error {
  override readonly name = 'UnsentError';
}

/** A connection for requests that may only leave under a condition. */
export interface GatedConnection extends Connection {
  /** `check` is asked right before each write to the socket, until the returned function is called; what it throws ends the connection. */
  hold(check: Check): () => void;
}

export function createGatedConnection(
  clock: Clock,
  credentials: Credentials,
  times: ConnectionTimes = defaultTimes,
): GatedConnection {
  const gate = createGate();
  return { ...createConnection(clock, credentials, times, gate), hold: gate.hold };
}

export function createConnection(
  clock: Clock,
  credentials: Credentials,
  times: ConnectionTimes = defaultTimes,
  gate?: Gate,
): Connection {
  const sessions = new Set<ClientHttp2Session>();
  let current: Promise<ClientHttp2Session> | undefined;
  let maxStreams = Number.POSITIVE_INFINITY;

  const make = (): Promise<ClientHttp2Session> => {
    const retire = (): void => {
      if (current === made) current = undefined;
    };
    const adopt = (session: ClientHttp2Session): void => {
      sessions.add(session);
      session.on('remoteSettings', (remote) => {
        maxStreams = remote.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
      });
      session.once('goaway', retire);
      session.once('close', () => {
        retire();
        sessions.delete(session);
      });
    };
    const made = establish({ clock, credentials, times, gate, adopt, retire }).catch((cause: unknown) => {
      retire();
      throw new UnsentError(`no connection to ${credentials.server}: ${String(cause)}`, { cause });
    });
    return made;
  };

  return {
    session() {
      current ??= make();
      return current;
    },
    maxStreams: () => maxStreams,
    close() {
      current = undefined;
      for (const session of sessions) session.destroy(undefined, constants.NGHTTP2_CANCEL);
    },
  };
}

interface Making {
  readonly clock: Clock;
  readonly credentials: Credentials;
  readonly times: ConnectionTimes;
  readonly gate: Gate | undefined;
  readonly adopt: (session: ClientHttp2Session) => void;
  /** Makes the next request take another connection. */
  readonly retire: () => void;
}

async function establish(making: Making): Promise<ClientHttp2Session> {
  const { clock, credentials, times, gate, adopt } = making;
  const tls = await credentials.tls();
  const through =
    gate === undefined
      ? undefined
      : await connectGated({ clock, tls, server: credentials.server, timeoutMs: CONNECT_MS }, gate);
  const session = connect(credentials.server, {
    ...{ ...tls, settings, ALPNProtocols: ['h2'] },
    ...(through === undefined ? {} : { createConnection: () => through }),
  });
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
  session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
  // From here on an error of the connection reaches every stream on it, which is where it is reported.
  session.on('error', () => {});
  watchOver(clock, times, session);
  watchCertificates(making, tls, session);
  return session;
}

/** Destroys a session whose other end does not answer: TCP alone would notice after a quarter of an hour. */
function watchOver(clock: Clock, { pingAfterMs, pingAnswerMs }: ConnectionTimes, session: ClientHttp2Session): void {
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

/** Leaves a connection whose certificates have been replaced, before the server refuses the old ones at a bad time. */
function watchCertificates(
  { clock, credentials, times: { certificatesMs }, retire }: Making,
  used: TlsMaterial,
  session: ClientHttp2Session,
): void {
  const before = fingerprint(used);
  let cancel = (): void => {};
  const compare = async (): Promise<void> => {
    // A file that is being replaced at this moment can be read again in half a minute.
    const now = await credentials.tls().then(fingerprint, () => before);
    if (session.destroyed) return;
    if (now === before) {
      cancel = clock.setTimer(certificatesMs, () => void compare());
      return;
    }
    retire();
    session.close();
  };
  cancel = clock.setTimer(certificatesMs, () => void compare());
  session.once('close', () => cancel());
}

function fingerprint({ ca, cert, key }: TlsMaterial): string {
  return JSON.stringify([ca, cert, key].map(String));
}

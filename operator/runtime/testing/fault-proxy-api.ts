import {
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { createInterface } from 'node:readline';
import type { Credentials } from '../kube/credentials.ts';
import { compareVersions } from '../watch/resource-version.ts';

/** What may happen to a request instead of, or on the way to, its answer. */
export const REQUEST_FAULTS = ['500', '503', '429', '410', '401', 'reset', 'garbage', 'truncated', 'slow'] as const;
/** One of `REQUEST_FAULTS`. */
export type RequestFault = (typeof REQUEST_FAULTS)[number];

/** What may happen to a watch that is open. */
export const WATCH_FAULTS = [
  'reset',
  'end',
  'truncated line',
  'garbage line',
  'line without newline',
  'ERROR 410',
  'ERROR 500',
  'version goes back',
] as const;
/** One of `WATCH_FAULTS`. */
export type WatchFault = (typeof WATCH_FAULTS)[number];

const SLOW_MS = 400;
/** The server sends a bookmark two seconds before it ends a watch, and otherwise only every minute. */
const UNTIL_BOOKMARK_SECONDS = 3;
const LONGER_THAN_A_BUFFER = 'x'.repeat(200_000);

/**
 * An API server as a bad day shows it: an HTTP/2 proxy on loopback, without TLS, that passes everything on and answers as
 * it is told. Unlike the TCP proxy it knows requests, so that it can break a list, a watch or one line of a watch.
 */
export interface ApiFaultProxy {
  readonly port: number;
  /** `http://127.0.0.1:<port>`, for Credentials. */
  readonly server: string;
  /** The next request that opens a watch, or that lists, meets with this. Resolves when it has. */
  spoil(kind: 'list' | 'watch', fault: RequestFault): Promise<void>;
  /**
   * The next watch that is opened gets no bookmarks and soon ends. What they would have told is forgotten by then: a watch
   * of the same path from an older version has expired. Resolves when it has ended, with the number of bookmarks it lost.
   */
  dropBookmarks(): Promise<number>;
  /** Breaks one of the open watches, `random` in [0, 1) says which; false when there is none. */
  breakWatch(fault: WatchFault, random: number): boolean;
  /** Announces the end of all connections (GOAWAY): new requests need a new one, open watches live on. */
  goAway(): void;
  stop(): Promise<void>;
}

/** Starts a proxy in front of the API server of `credentials`; requests go there in their name. */
export async function startApiFaultProxy(credentials: Credentials): Promise<ApiFaultProxy> {
  const upstream = connect(credentials.server, { ...(await credentials.tls()), ALPNProtocols: ['h2'] });
  upstream.on('error', () => {});
  const sessions = new Set<Http2Session>();
  const watches = new Set<ServerHttp2Stream>();
  const awaited = { list: [] as Spoiler[], watch: [] as Spoiler[] };
  const mutes: ((dropped: number) => void)[] = [];
  /** By path: the version of the last bookmark that was dropped. What is older is not remembered any more. */
  const oldest = new Map<string, string>();

  const server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
    session.once('close', () => sessions.delete(session));
  });
  server.on('stream', async (stream, headers) => {
    stream.on('error', () => {});
    const url = new URL(String(headers[':path']), 'http://x');
    const query = url.searchParams;
    const isWatch = query.get('watch') === 'true';
    // A streaming list is a list that comes as a watch.
    const kind = isWatch && query.get('sendInitialEvents') !== 'true' ? 'watch' : 'list';
    const spoiler = awaited[kind].shift();
    spoiler?.met();
    const fault = spoiler?.fault;
    if (fault !== undefined && answersItself(stream, fault)) return;
    if (fault === 'slow') await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    const authorization = await credentials.authorization();
    if (stream.destroyed || upstream.destroyed) return stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    if (kind === 'watch' && compareVersions(query.get('resourceVersion') ?? '', oldest.get(url.pathname) ?? '') < 0) {
      stream.respond({ ':status': 200, 'content-type': 'application/json' });
      return stream.end(errorLine(410));
    }
    const mute = kind === 'watch' && fault === undefined ? mutes.shift() : undefined;
    if (mute !== undefined) query.set('timeoutSeconds', String(UNTIL_BOOKMARK_SECONDS));
    const onward = {
      ...plain(headers),
      ':path': `${url.pathname}${url.search}`,
      ...(authorization && { authorization }),
    };
    const passed = passOn(upstream.request(onward), stream);
    if (mute !== undefined) {
      let dropped = 0;
      const ended = (): void => mute(dropped);
      stream.once('close', ended);
      // A stream of a connection that is half-open is not closed for long.
      passed.once('close', ended);
      passLines(passed, stream, (version) => {
        dropped++;
        oldest.set(url.pathname, version);
      });
      return;
    }
    if (fault === 'truncated') passed.once('data', (chunk: Buffer) => stream.end(chunk.subarray(0, chunk.length / 2)));
    else passed.on('data', (chunk: Buffer) => void (stream.writable && stream.write(chunk)));
    passed.once('end', () => stream.end());
    if (!isWatch) return;
    watches.add(stream);
    stream.once('close', () => watches.delete(stream));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    port: address.port,
    server: `http://127.0.0.1:${address.port}`,
    spoil: (kind, fault) => new Promise((met) => void awaited[kind].push({ fault, met })),
    dropBookmarks: () => new Promise((ended) => void mutes.push(ended)),
    breakWatch(fault, random) {
      const open = [...watches].filter(({ writable, headersSent }) => writable && headersSent);
      const stream = open[Math.floor(random * open.length)];
      if (stream === undefined) return false;
      watches.delete(stream);
      breakStream(stream, fault);
      return true;
    },
    goAway() {
      // One that is destroyed stays in the set until it says so.
      for (const session of sessions) if (!session.destroyed) session.goaway(constants.NGHTTP2_NO_ERROR);
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const session of sessions) session.destroy();
      upstream.destroy();
      await closed;
    },
  };
}

interface Spoiler {
  readonly fault: RequestFault;
  readonly met: () => void;
}

/** Without the connection's own headers and without the caller's, whose name is not ours. */
function plain(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { ':authority': _authority, ':scheme': _scheme, host: _host, authorization: _authorization, ...rest } = headers;
  return rest;
}

function passOn(far: ClientHttp2Stream, near: ServerHttp2Stream): ClientHttp2Stream {
  near.pipe(far);
  near.once('close', () => far.close(constants.NGHTTP2_CANCEL));
  far.once('response', (headers) => {
    if (near.headersSent || near.destroyed) return;
    const { ':status': status, 'content-type': type = 'application/json' } = headers;
    near.respond({ ':status': status, 'content-type': type });
  });
  far.once('error', () => near.close(constants.NGHTTP2_INTERNAL_ERROR));
  return far;
}

/** Passes a watch on but for its bookmarks, whose versions `drop` is told. */
function passLines(far: ClientHttp2Stream, near: ServerHttp2Stream, drop: (version: string) => void): void {
  const lines = createInterface({ input: far });
  lines.on('line', (line) => {
    const { type, object } = JSON.parse(line) as { type: string; object: { metadata: { resourceVersion: string } } };
    if (type === 'BOOKMARK') drop(object.metadata.resourceVersion);
    else if (near.writable) near.write(`${line}\n`);
  });
  lines.once('close', () => near.end());
}

/** Answers in the API server's place, if the fault is an answer. */
function answersItself(stream: ServerHttp2Stream, fault: RequestFault): boolean {
  if (fault === 'slow' || fault === 'truncated') return false;
  if (fault === 'reset') {
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  } else if (fault === 'garbage') {
    stream.respond({ ':status': 200, 'content-type': 'application/json' });
    stream.end('<html>Bad Gateway</html>\n');
  } else {
    const retryAfter = fault === '429' ? { 'retry-after': '1' } : {};
    stream.respond({ ':status': Number(fault), 'content-type': 'application/json', ...retryAfter });
    stream.end(statusText(Number(fault)));
  }
  return true;
}

function breakStream(stream: ServerHttp2Stream, fault: WatchFault): void {
  if (fault === 'reset') stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else if (fault === 'end') stream.end();
  else if (fault === 'truncated line') stream.end('{"type":"MODIFIED","object":{"metadata":{"name":"a');
  else if (fault === 'garbage line') stream.write('{"type":"ADDED","object":{"metadata":{"na\n');
  else if (fault === 'line without newline') stream.end(`{"type":"ADDED","object":"${LONGER_THAN_A_BUFFER}`);
  else if (fault === 'version goes back')
    stream.write('{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"1"}}}\n');
  else stream.end(errorLine(Number(fault.slice('ERROR '.length))));
}

const errorLine = (code: number): string => `{"type":"ERROR","object":${statusText(code)}}\n`;

const REASONS: Readonly<Record<number, string>> = { 401: 'Unauthorized', 410: 'Expired', 429: 'TooManyRequests' };

function statusText(code: number): string {
  const reason = REASONS[code] ?? 'InternalError';
  return JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: 'injected' });
}

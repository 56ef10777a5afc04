import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Clock, systemClock } from '../clock.ts';
import { type FaultProxy, startFaultProxy } from '../testing/fault-proxy.ts';
import { KubeApiError } from './client.ts';
import { createConnection, createGatedConnection } from './connection.ts';
import { createTransport, type Transport, type TransportRequest } from './transport.ts';

// HTTP/2 without TLS: what is tested here lies above it. TLS is covered against a real API server.
let server: Http2Server;
let proxy: FaultProxy;
let transport: Transport;
let sessions: ServerHttp2Session[];
let paths: string[];
let answer: (stream: ServerHttp2Stream, path: string) => void;
let certificate: string;
let token: string;
let tokensSeen: (string | undefined)[];

/** Waits of exactly a second, which only Retry-After asks for here, are counted and cut short. */
let askedToWait: number;
const clock: Clock = {
  ...systemClock,
  setTimer: (ms, fn) => {
    if (ms === 1000) askedToWait++;
    return systemClock.setTimer(ms === 1000 ? 1 : ms, fn);
  },
};

const json = (stream: ServerHttp2Stream, status: number, body: unknown, headers: Record<string, string> = {}): void => {
  // On a loaded machine the client may have taken this connection for dead already.
  if (stream.destroyed) return;
  stream.respond({ ':status': status, ...headers });
  stream.end(JSON.stringify(body));
};
const get = (path: string, more: Partial<TransportRequest> = {}): Promise<unknown> =>
  transport.request({ method: 'GET', path, timeoutMs: 10_000, ...more });
const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(() => undefined).catch((error) => error);

beforeEach(async () => {
  askedToWait = 0;
  sessions = [];
  paths = [];
  tokensSeen = [];
  answer = (stream, path) => json(stream, 200, { path });
  server = createServer();
  server.on('session', (session) => sessions.push(session));
  server.on('stream', (stream, headers) => {
    const path = headers[':path'] ?? '';
    paths.push(path);
    tokensSeen.push(headers.authorization);
    stream.on('error', () => {});
    stream.on('data', () => {});
    answer(stream, path);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  proxy = await startFaultProxy({ host: '127.0.0.1', port: address.port });
  const credentials = {
    server: `http://127.0.0.1:${proxy.port}`,
    tls: async () => ({ cert: certificate }),
    authorization: async () => `Bearer ${token}`,
    renew: () => {
      token = 'renewed';
    },
  };
  certificate = 'first';
  token = 'secret';
  const times = { pingAfterMs: 50, pingAnswerMs: 100, certificatesMs: 20 };
  transport = createTransport({
    clock,
    random: () => 0,
    credentials,
    connection: createConnection(systemClock, credentials, times),
    gated: createGatedConnection(systemClock, credentials, times),
    userAgent: 'test',
    retry: { maxTries: 4, baseMs: 1, maxMs: 2 },
    maxInFlight: 50,
  });
});

afterEach(async () => {
  transport.close();
  await proxy.stop();
  for (const session of sessions) session.destroy();
  server.close();
});

test('all requests share one connection', async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => get(`/${i}`)));
  expect(answers).toHaveLength(50);
  expect(proxy.accepted).toBe(1);
});

test('no more requests are under way than allowed, however many are asked for', async () => {
  const open = new Set<() => void>();
  let most = 0;
  answer = (stream, path) => {
    const finish = (): void => {
      open.delete(finish);
      json(stream, 200, { path });
    };
    open.add(finish);
    most = Math.max(most, open.size);
    setImmediate(finish);
  };
  const answers = await Promise.all(Array.from({ length: 500 }, (_, i) => get(`/${i}`)));
  expect(answers).toHaveLength(500);
  expect(most).toBe(50);
});

test('a server that lets in few streams gets no more, its watches counted', async () => {
  server.updateSettings({ maxConcurrentStreams: 4 });
  await get('/settings');
  let open = 0;
  let most = 0;
  answer = (stream, path) => {
    if (path === '/watch') {
      stream.respond({ ':status': 200 });
      stream.write('first');
      return;
    }
    most = Math.max(most, ++open);
    setImmediate(() => {
      open--;
      json(stream, 200, { path });
    });
  };
  const watch = transport.stream({ path: '/watch', timeoutMs: 10_000 })[Symbol.asyncIterator]();
  await watch.next();
  await Promise.all(Array.from({ length: 100 }, (_, i) => get(`/${i}`)));
  expect(most).toBe(3);
  await watch.return?.();
});

test('a call that waits for its turn is given up at its deadline and is never sent', async () => {
  answer = () => {};
  const busy = Array.from({ length: 50 }, () => failureOf(get('/busy', { timeoutMs: 300 })));
  const error = await failureOf(get('/late', { timeoutMs: 30 }));
  expect(String(error)).toContain('no answer to /late within 30 ms');
  await Promise.all(busy);
  expect(paths).not.toContain('/late');
  answer = (stream, path) => json(stream, 200, { path });
  expect(await get('/after')).toEqual({ path: '/after' });
});

test('a refused token is read anew, once, and the request sent again, also a write', async () => {
  answer = (stream, path) => {
    if (tokensSeen.at(-1) === 'Bearer renewed') json(stream, 200, { path });
    else json(stream, 401, { reason: 'Unauthorized', message: 'who are you' });
  };
  expect(await get('/write', { method: 'POST', body: {} })).toEqual({ path: '/write' });
  expect(tokensSeen).toEqual(['Bearer secret', 'Bearer renewed']);
  answer = (stream) => json(stream, 401, { reason: 'Unauthorized', message: 'who are you' });
  expect(await failureOf(get('/again'))).toMatchObject({ status: 401 });
  expect(paths.filter((path) => path === '/again')).toHaveLength(2);
});

test('when certificates were replaced, new requests take a new connection and a running one ends well', async () => {
  let finish = (): void => {};
  answer = (stream, path) => {
    if (path === '/slow') finish = () => json(stream, 200, { path });
    else json(stream, 200, { path });
  };
  const slow = get('/slow');
  await expect.poll(() => paths).toContain('/slow');
  await get('/same');
  expect(proxy.accepted).toBe(1);
  certificate = 'second';
  await expect
    .poll(async () => {
      await get('/next');
      return proxy.accepted;
    })
    .toBe(2);
  finish();
  expect(await slow).toEqual({ path: '/slow' });
});

test('after GOAWAY the next request takes a new connection and a running one still ends well', async () => {
  let finish = (): void => {};
  answer = (stream, path) => {
    if (path === '/slow') finish = () => json(stream, 200, { path });
    else json(stream, 200, { path });
  };
  const slow = get('/slow');
  await expect.poll(() => paths).toContain('/slow');
  sessions[0]?.goaway();
  await get('/ping').catch(() => undefined);
  await get('/next');
  expect(proxy.accepted).toBe(2);
  finish();
  expect(await slow).toEqual({ path: '/slow' });
});

test('a half-open connection is found by PING and the reads on it are sent again on a new one', async () => {
  await get('/before');
  proxy.freeze();
  expect(await get('/during')).toEqual({ path: '/during' });
  expect(proxy.accepted).toBe(2);
});

test('a stream on a half-open connection ends with an error', async () => {
  answer = (stream) => {
    stream.respond({ ':status': 200 });
    stream.write('first');
  };
  const seen: string[] = [];
  const reading = (async () => {
    for await (const chunk of transport.stream({ path: '/watch', timeoutMs: 60_000 })) {
      seen.push(chunk.toString());
      proxy.freeze();
    }
  })();
  expect(await failureOf(reading)).toBeInstanceOf(Error);
  expect(seen).toEqual(['first']);
});

test('a reset read is sent again; a reset write is not, since it may have happened', async () => {
  answer = (stream, path) => {
    if (paths.length === 1) proxy.cut();
    else json(stream, 200, { path });
  };
  expect(await get('/read')).toEqual({ path: '/read' });
  expect(paths).toEqual(['/read', '/read']);
  paths.length = 0;
  expect(await failureOf(get('/write', { method: 'POST', body: {} }))).toBeInstanceOf(Error);
  expect(paths).toEqual(['/write']);
});

test('a write that the server did not let in is sent again', async () => {
  answer = (stream, path) => {
    if (paths.length === 1)
      stream.close(7); // REFUSED_STREAM
    else json(stream, 200, { path });
  };
  expect(await get('/write', { method: 'POST', body: { a: 1 } })).toEqual({ path: '/write' });
  expect(paths).toHaveLength(2);
});

test('what beforeSend throws ends the call before it is sent, and a later try asks anew', async () => {
  const busy = { reason: 'TooManyRequests', message: 'busy' };
  answer = (stream) => json(stream, 429, busy, { 'retry-after': '1' });
  const beforeSend = (): void => {
    if (askedToWait > 0) throw new RangeError('deposed');
  };
  expect(await failureOf(get('/fenced', { beforeSend }))).toBeInstanceOf(RangeError);
  expect(paths).toEqual(['/fenced']);
});

test('a throttled write waits as long as it was told', async () => {
  answer = (stream, path) => {
    if (paths.length === 1) json(stream, 429, { reason: 'TooManyRequests', message: 'busy' }, { 'retry-after': '1' });
    else json(stream, 200, { path });
  };
  expect(await get('/write', { method: 'POST', body: {} })).toEqual({ path: '/write' });
  expect(askedToWait).toBe(1);
});

test('an answer that comes before the body was read counts, although the stream is reset behind it', async () => {
  answer = (stream) => {
    stream.respond({ ':status': 413 });
    stream.end(JSON.stringify({ reason: 'RequestEntityTooLarge', message: 'too large' }), () => stream.close(0));
  };
  const failure = await failureOf(get('/write', { method: 'POST', body: { text: 'x'.repeat(1_000_000) } }));
  expect(failure).toMatchObject({ status: 413, reason: 'RequestEntityTooLarge' });
});

test('a refusal becomes a KubeApiError with the words of the server', async () => {
  answer = (stream) => json(stream, 403, { kind: 'Status', reason: 'Forbidden', message: 'you may not' });
  const error = await failureOf(get('/secret'));
  expect(error).toBeInstanceOf(KubeApiError);
  expect(error).toMatchObject({ status: 403, reason: 'Forbidden', message: 'you may not' });
  expect(paths).toHaveLength(1);
});

test('a call that gets no answer ends at its deadline and names the path', async () => {
  answer = () => {};
  const error = await failureOf(get('/silent', { timeoutMs: 30 }));
  expect(String(error)).toContain('no answer to /silent within 30 ms');
});

test('a call whose connection cannot be made ends at its deadline and is never sent', async () => {
  proxy.refuse(true);
  const error = await failureOf(get('/nowhere', { method: 'POST', body: {}, timeoutMs: 2_000 }));
  expect(error).toBeInstanceOf(Error);
  proxy.refuse(false);
  await get('/after');
  expect(paths).toEqual(['/after']);
});

test('a request that is queued when its condition ends does not leave, however much later the process goes on', async () => {
  let held = true;
  await get('/connect', { beforeSend: () => {} });
  const beforeSend = (): void => {
    if (!held) throw new RangeError('not any more');
    // The frames are queued now and written later in this turn of the event loop.
    queueMicrotask(() => {
      held = false;
    });
  };
  const late = transport.request({ method: 'PATCH', path: '/late', body: {}, timeoutMs: 10_000, beforeSend });
  expect(await failureOf(late)).toBeInstanceOf(RangeError);
  await get('/after', { beforeSend: () => {} });
  expect(paths).toEqual(['/connect', '/after']);
});

test('what a condition ends leaves other requests alone', async () => {
  answer = (stream, path) => {
    if (path !== '/slow') json(stream, 200, { path });
  };
  const slow = get('/slow');
  await expect.poll(() => paths).toEqual(['/slow']);
  let held = true;
  const beforeSend = (): void => {
    if (!held) throw new RangeError('not any more');
  };
  const first = failureOf(get('/slow', { beforeSend }));
  await expect.poll(() => paths).toEqual(['/slow', '/slow']);
  held = false;
  // The PING of the gated connection finds the gate closed.
  expect(await first).toBeInstanceOf(RangeError);
  answer = (stream, path) => json(stream, 200, { path });
  expect(await get('/other')).toEqual({ path: '/other' });
  expect(await Promise.race([slow, Promise.resolve('waits')])).toBe('waits');
  void slow.catch(() => {});
});

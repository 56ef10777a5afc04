import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { plainPod, samplePod } from './sample-pod.ts';
import { selfSigned } from './self-signed.ts';

// A process of its own, so that its work does not count as the client's. It serves /api/v1/pods in pages, in full and as
// metadata only, and floods every watch with as many changes as its second argument says. HTTP/2 over TLS, and HTTP/1.1
// for clients that know nothing better.

const [objects = '10000', events = '100000', shape] = process.argv.slice(2);
const makePod = shape === 'plain' ? plainPod : samplePod;
const OBJECTS = Number(objects);
const EVENTS = Number(events);
const CHUNK_BYTES = 64 * 1024;

type Shape = 'full' | 'metadata';

function shaped(index: number, version: number, shape: Shape): object {
  const pod = makePod(index, version);
  if (shape === 'full') return pod;
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: pod.metadata };
}

/** The changes of one watch, cut into chunks ahead of time: sending them should cost this process next to nothing. */
function floodChunks(form: Shape): Buffer[] {
  const chunks: Buffer[] = [];
  let lines: string[] = [];
  let bytes = 0;
  for (let i = 0; i < EVENTS; i++) {
    const line = `${JSON.stringify({ type: 'MODIFIED', object: shaped(i % OBJECTS, OBJECTS + 1 + i, form) })}\n`;
    lines.push(line);
    bytes += line.length;
    if (bytes >= CHUNK_BYTES || i === EVENTS - 1) {
      chunks.push(Buffer.from(lines.join('')));
      lines = [];
      bytes = 0;
    }
  }
  return chunks;
}

const pages = new Map<string, Buffer>();

function page(shape: Shape, offset: number, limit: number): Buffer {
  const id = `${shape} ${offset} ${limit}`;
  let body = pages.get(id);
  if (body === undefined) {
    const end = Math.min(OBJECTS, offset + limit);
    const items = Array.from({ length: end - offset }, (_, i) => shaped(offset + i, offset + i + 1, shape));
    const metadata = { resourceVersion: String(OBJECTS), ...(end < OBJECTS ? { continue: String(end) } : {}) };
    body = Buffer.from(JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata, items }));
    pages.set(id, body);
  }
  return body;
}

const one = Buffer.from(JSON.stringify(samplePod(1, 1)));

const floods: Partial<Record<Shape, Buffer[]>> = {};

function watch(stream: ServerHttp2Stream, form: Shape): void {
  floods[form] ??= EVENTS === 0 ? [] : floodChunks(form);
  const flood = floods[form];
  stream.respond({ ':status': 200, 'content-type': 'application/json' });
  let next = 0;
  const send = (): void => {
    while (next < flood.length && !stream.destroyed) if (!stream.write(flood[next++])) return;
  };
  stream.on('drain', send);
  send();
}

function serve(stream: ServerHttp2Stream, path: string, accept: string): void {
  const url = new URL(path, 'http://server');
  stream.on('error', () => {});
  const form = accept.includes('PartialObjectMetadata') ? 'metadata' : 'full';
  if (url.searchParams.get('watch') === 'true') {
    watch(stream, form);
    return;
  }
  stream.respond({ ':status': 200, 'content-type': 'application/json' });
  if (url.pathname.endsWith('/pods')) {
    const offset = Number(url.searchParams.get('continue') ?? 0);
    stream.end(page(form, offset, Number(url.searchParams.get('limit') ?? OBJECTS)));
  } else stream.end(one);
}

for (const shape of ['full', 'metadata'] as const) for (let at = 0; at < OBJECTS; at += 500) page(shape, at, 500);
const tls = selfSigned();
const server: Http2Server | Http2SecureServer =
  tls === undefined
    ? createServer()
    : createSecureServer({ ...tls, allowHTTP1: true }).on('request', (request, response) => {
        if (request.httpVersionMajor === 1) response.end(one);
      });
server.on('stream', (stream: ServerHttp2Stream, headers) => {
  serve(stream, headers[':path'] ?? '/', String(headers.accept ?? ''));
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.send?.({ server: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, ca: tls?.cert });
});
process.once('disconnect', () => process.exit(0));

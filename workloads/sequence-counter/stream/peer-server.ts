import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Logger } from '@sluice/runtime/telemetry';
import type { Grant } from '../gateway/dispenser.ts';
import { createFrameDecoder, encodeFrame } from './frames.ts';
import { type ProcessKey, pinOf } from './key-pair.ts';
import { type Answers, type Asks, answerOf, isAsks, isHello, protocol, type Released, refusalOf } from './messages.ts';

export interface PeerServerOptions {
  readonly log: Logger;
  readonly key: ProcessKey;
  /** The pin that a pod published in the API; undefined when there is none. */
  readonly expectedPin: (pod: string) => Promise<string | undefined>;
  /** Numbers of this process; undefined when it does not hold them. */
  readonly serve: (counter: string, count: number) => Promise<Grant | undefined>;
}

export interface PeerServer {
  /** Resolves to the port that is listened on. */
  listen(port: number, host: string): Promise<number>;
  /** Tells the connected peers that the ledger is free; the first of them is invited to take it. */
  announceRelease(): void;
  close(): Promise<void>;
}

const helloMs = 5_000;
/** Nine replicas at most have one connection each; the rest is room for reconnects. */
const maxConnections = 64;

/**
 * Serves the other replicas over mutual TLS. Certificates are self-signed: a peer is believed when the key it proved to
 * have is the one whose pin stands in the Lease of the pod it says it is, which only our replicas may write.
 */
export function createPeerServer({ log, key, expectedPin, serve }: PeerServerOptions): PeerServer {
  const trusted = new Set<TLSSocket>();
  const open = new Set<TLSSocket>();
  const server = createServer({
    key: key.key,
    cert: key.certificate,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
  });
  server.maxConnections = maxConnections;
  server.on('secureConnection', (socket) => {
    open.add(socket);
    socket.setNoDelay(true);
    const timer = setTimeout(() => socket.destroy(), helloMs);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(timer);
      open.delete(socket);
      trusted.delete(socket);
    });
    let greeted = false;
    const decode = createFrameDecoder((message) => {
      if (trusted.has(socket)) {
        if (isAsks(message)) void answer(socket, message, serve);
        else socket.destroy();
        return;
      }
      // Each hello costs a read of the API: one per connection.
      if (greeted) {
        socket.destroy();
        return;
      }
      greeted = true;
      void admit(socket, message, expectedPin)
        .then((pod) => {
          clearTimeout(timer);
          trusted.add(socket);
          socket.write(encodeFrame({ welcome: true }));
          log.debug({ pod }, 'a replica connected');
        })
        .catch((error: unknown) => {
          log.warn({ err: error, from: socket.remoteAddress }, 'a connection of another replica was refused');
          socket.destroy();
        });
    });
    socket.on('data', (chunk) => {
      try {
        decode(chunk);
      } catch {
        socket.destroy();
      }
    });
  });
  // Failed handshakes: port scans, plain TCP probes.
  server.on('tlsClientError', (_error, socket) => socket.destroy());

  return {
    listen: (port, host) => listen(server, port, host),
    announceRelease: () => {
      let invited = true;
      for (const socket of trusted) {
        const message: Released = { released: true, invited };
        socket.write(encodeFrame(message));
        invited = false;
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** Resolves to the pod that the peer proved to be. */
async function admit(
  socket: TLSSocket,
  message: unknown,
  expectedPin: PeerServerOptions['expectedPin'],
): Promise<string> {
  if (!isHello(message)) throw new Error('the first message was no hello');
  const { pod, protocol: version } = message.hello;
  if (version !== protocol) throw new Error(`${pod} speaks protocol ${version}, this replica speaks ${protocol}`);
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) throw new Error(`${pod} showed no certificate`);
  const expected = await expectedPin(pod);
  if (expected === undefined || expected !== pinOf(certificate.publicKey)) {
    throw new Error(`the key is not the one that ${pod} published`);
  }
  return pod;
}

async function answer(socket: TLSSocket, { id, asks }: Asks, serve: PeerServerOptions['serve']): Promise<void> {
  const answers = await Promise.all(
    asks.map(([counter, count]) => serve(counter, count).then(answerOf, (error: unknown) => refusalOf(error))),
  );
  const message: Answers = { id, answers };
  if (!socket.destroyed) socket.write(encodeFrame(message));
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

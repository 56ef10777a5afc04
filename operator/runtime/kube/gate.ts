import { connect as connectTcp, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../clock.ts';
import type { TlsMaterial } from './credentials.ts';

/** A condition for every byte that leaves: it throws when nothing may leave any more. */
export type Check = () => void;

/**
 * What a socket asks in the moment before it writes. `node:http2` only queues the frames of a request and writes them a
 * while later, so a process that is stopped in between would send them when it goes on, however long that was.
 */
export interface Gate {
  /** `check` is asked until the returned function is called. */
  hold(check: Check): () => void;
  /** Throws what the first check throws. */
  assertOpen(): void;
}

export function createGate(): Gate {
  const checks = new Set<{ readonly check: Check }>();
  return {
    hold(check) {
      const held = { check };
      checks.add(held);
      return () => void checks.delete(held);
    },
    assertOpen() {
      for (const { check } of checks) check();
    },
  };
}

export interface GatedTarget {
  readonly clock: Clock;
  /** An `http:` or `https:` URL. */
  readonly server: string;
  readonly tls: TlsMaterial;
  /** How long it may take to connect. */
  readonly timeoutMs: number;
}

/**
 * Connects and returns a socket that asks `gate` before each write and breaks when the gate is closed. Between the question
 * and the system call there is nothing but the encryption of those bytes.
 */
export async function connectGated(target: GatedTarget, gate: Gate): Promise<Duplex> {
  const socket = await connect(target);
  const write = (chunks: readonly Buffer[], done: (error?: Error | null) => void): void => {
    try {
      gate.assertOpen();
    } catch (error) {
      done(error as Error);
      return;
    }
    socket.write(Buffer.concat(chunks), done);
  };
  const gated = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _encoding, done) => write([chunk], done),
    writev: (chunks, done) =>
      write(
        chunks.map(({ chunk }) => chunk as Buffer),
        done,
      ),
    final: (done) => void socket.end(done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk: Buffer) => {
    if (!gated.push(chunk)) socket.pause();
  });
  socket.once('end', () => gated.push(null));
  socket.on('error', (error) => gated.destroy(error));
  socket.once('close', () => gated.destroy());
  return gated;
}

function connect({ clock, server, tls, timeoutMs }: GatedTarget): Promise<Socket> {
  const { protocol, hostname, port } = new URL(server);
  // The brackets around an IPv6 address belong to the URL.
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const isSecure = protocol === 'https:';
    const to = { host, port: Number(port || (isSecure ? 443 : 80)), noDelay: true };
    const socket = isSecure
      ? connectTls({ servername: isName(host) ? host : '', ...tls, ...to, ALPNProtocols: ['h2'] })
      : connectTcp(to);
    const cancel = clock.setTimer(timeoutMs, () => {
      socket.destroy(new Error(`no connection to ${server} within ${timeoutMs / 1000} s`));
    });
    const failed = (error: Error): void => {
      cancel();
      reject(error);
    };
    socket.once('error', failed);
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      cancel();
      socket.off('error', failed);
      resolve(socket);
    });
  });
}

/** Only names are sent as SNI. */
function isName(host: string): boolean {
  return !/^[\d.]+$|:/.test(host);
}

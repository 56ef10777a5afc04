import { connect, createServer, type Socket } from 'node:net';

/** A TCP proxy on loopback that breaks connections in the ways networks do. It sees bytes only, so TLS passes through. */
export interface FaultProxy {
  readonly port: number;
  /** Connections that were accepted since the start. */
  readonly accepted: number;
  /** Resets every open connection at once; new ones are served. */
  cut(): void;
  /** Half-open: open connections stay up and carry no byte any more, in either direction. New ones are served. */
  freeze(): void;
  /** While true, new connections are reset; those that are open live on. */
  refuse(refusing: boolean): void;
  stop(): Promise<void>;
}

/** Starts a proxy on a free port of 127.0.0.1 that forwards to `target`. */
export async function startFaultProxy(target: { readonly host: string; readonly port: number }): Promise<FaultProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let refusing = false;
  let accepted = 0;

  const server = createServer((near) => {
    accepted++;
    near.on('error', () => {});
    if (refusing) {
      near.resetAndDestroy();
      return;
    }
    const far = connect(target);
    const pair = [near, far] as const;
    pairs.add(pair);
    far.on('error', () => near.resetAndDestroy());
    near.pipe(far);
    far.pipe(near);
    for (const end of pair) {
      end.once('close', () => {
        pairs.delete(pair);
        for (const socket of pair) socket.destroy();
      });
    }
  });
  const destroyAll = (): void => {
    for (const [near, far] of pairs) {
      near.resetAndDestroy();
      far.destroy();
    }
  };

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    port: address.port,
    get accepted() {
      return accepted;
    },
    cut: destroyAll,
    freeze() {
      for (const [near, far] of pairs) {
        near.unpipe(far).pause();
        far.unpipe(near).pause();
      }
    },
    refuse(value) {
      refusing = value;
    },
    stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      destroyAll();
      return closed;
    },
  };
}

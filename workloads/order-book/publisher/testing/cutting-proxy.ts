import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands between a client and a port of loopback, and cuts its connections on demand: bytes on their way are lost. */
export async function startCuttingProxy(
  target: number,
): Promise<{ port: number; cut: () => void; stop: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket, other: () => Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      other().destroy();
    });
  };
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    keep(client, () => upstream);
    keep(upstream, () => client);
    client.pipe(upstream);
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    stop: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

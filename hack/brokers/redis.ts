import { connect } from 'node:net';
import { ensureBinaries } from '../cluster/binaries.ts';
import { redisCommand } from '../cluster/redis.ts';
import { freePorts } from '../control-plane/free-ports.ts';
import { type BrokerServer, startBroker } from './server.ts';

/** Redis with an append-only file that is forced to disk every second, as it comes. `flags` are further ones of the server. */
export async function startRedis(flags: readonly string[] = []): Promise<BrokerServer> {
  await ensureBinaries(['redis']);
  const [port = 0] = await freePorts(1);
  return startBroker({
    name: 'redis',
    port,
    command: async (directory) => [
      ...redisCommand(),
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', `${directory}/data`],
      ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''],
      ...flags,
    ],
    ready: () => answersPing(port),
  });
}

/** A server that still loads its data says so instead of PONG. */
function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('data', (answer) => settle(answer.toString().startsWith('+PONG')));
  });
}

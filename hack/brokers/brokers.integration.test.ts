import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { startNats } from './nats.ts';
import { startRedis } from './redis.ts';
import type { BrokerServer } from './server.ts';

const brokers: BrokerServer[] = [];
afterEach(async () => {
  for (const broker of brokers.splice(0)) await broker.stop();
});

/** What the server says first, or after `text`. */
function says(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.once('error', reject);
    socket.once('data', (answer) => {
      socket.destroy();
      resolve(answer.toString());
    });
  });
}

it('NATS serves with JetStream, and again on its port after a kill', async () => {
  const [nats] = await startNats();
  if (nats === undefined) throw new Error('no server');
  brokers.push(nats);
  expect(await says(nats.port, '')).toMatch(/^INFO .*"jetstream":true/);
  await nats.kill();
  await nats.start();
  expect(await says(nats.port, '')).toMatch(/^INFO .*"version":"2\.15/);
});

it('three servers of NATS find each other', async () => {
  brokers.push(...(await startNats(3)));
  expect(new Set(brokers.map(({ port }) => port)).size).toBe(3);
});

it('Redis keeps what it answered through a kill, and forgets it when its data are wiped', async () => {
  const redis = await startRedis();
  brokers.push(redis);
  expect(await says(redis.port, 'SET a 1\r\n')).toBe('+OK\r\n');
  await redis.kill();
  await redis.start();
  expect(await says(redis.port, 'GET a\r\n')).toBe('$1\r\n1\r\n');
  await redis.kill();
  await redis.wipe();
  await redis.start();
  expect(await says(redis.port, 'GET a\r\n')).toBe('$-1\r\n');
});

import { jetstream } from '@nats-io/jetstream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNats } from '../../../hack/brokers/nats.ts';
import { startRedis } from '../../../hack/brokers/redis.ts';
import type { BrokerServer } from '../../../hack/brokers/server.ts';
import * as brokers from './create-broker.ts';
import * as outbox from './outbox.ts';
import * as reader from './outbox-reader.ts';
import * as publisher from './publisher.ts';
import { checkDense, readStream, withJetStream, withRedis } from './testing/consumer.ts';
import { messageOf } from './testing/made-up-trades.ts';
import { loadPublisherProgram, publisherMutations } from './testing/mutations.ts';
import { checks } from './testing/publisher-checks.ts';
import { BookRig, waitFor } from './testing/rig.ts';

const program = { outbox, reader, publisher, brokers };
let nats: BrokerServer;
let redis: BrokerServer;
let streams = 0;
const brokerOf = (kind: 'nats' | 'redis'): BrokerServer => (kind === 'nats' ? nats : redis);
const newSubject = (): string => `trades.s${++streams}`;

beforeAll(async () => {
  const [server] = await startNats();
  if (server === undefined) throw new Error('no server was started');
  nats = server;
  redis = await startRedis();
});
afterAll(async () => {
  await nats?.stop();
  await redis?.stop();
});

describe.each(['nats', 'redis'] as const)('%s', (kind) => {
  it.each(Object.entries(checks))('%s', (_, check) => {
    return check({ program, broker: brokerOf(kind), subject: newSubject() });
  });

  it('somebody else writes into the stream: nothing is published behind that', async () => {
    const { url } = brokerOf(kind);
    const subject = newSubject();
    const book = new BookRig(program, { url, subject });
    await book.start();
    await book.trade(10);
    await book.published();
    await book.abandon();
    if (kind === 'redis') await withRedis(url, (send) => send(['XADD', subject, '11-0', 'greeting', 'hello']));
    else
      await withJetStream(url, subject, (_manager, _name, connection) => {
        return jetstream(connection).publish(subject, 'hello');
      });
    const again = new BookRig(program, { url, subject, directory: book.directory, trades: 20 });
    await again.start();
    await waitFor(
      'the refusal',
      () => again.codes.at(-1) === 'SLUICE_PUBLISH_FOREIGN',
      () => again.codes,
    );
    await again.remove();
  });
});

it('a stream in memory, or whose messages age, is refused with the reason', async () => {
  const subject = newSubject();
  const first = new BookRig(program, { url: nats.url, subject });
  await first.start();
  await first.trade(1);
  await first.published();
  await first.remove();
  await withJetStream(nats.url, subject, async (manager, name) => {
    const { config } = await manager.streams.info(name);
    await manager.streams.update(name, { ...config, max_age: 3_600_000_000_000 });
  });
  const book = new BookRig(program, { url: nats.url, subject, trades: 1 });
  await book.start();
  await waitFor(
    'the refusal',
    () => book.codes.at(-1) === 'SLUICE_PUBLISH_STREAM',
    () => book.codes,
  );
  expect(book.states.at(-1)).toMatchObject({ error: { message: expect.stringContaining('its messages age') } });
  await book.remove();
});

it('three servers of NATS: the leader of the stream is killed, nothing is lost or doubled', async () => {
  const servers = await startNats(3);
  const url = servers.map((server) => server.url).join(',');
  const subject = newSubject();
  const book = new BookRig(program, { url, subject, replicas: 3 });
  try {
    await book.start();
    await book.trade(200);
    await book.published();
    const leader = await withJetStream(url, subject, async (manager, name) => {
      return (await manager.streams.info(name)).cluster?.leader;
    });
    await book.trade(200);
    await servers[Number(leader?.slice(1))]?.kill();
    await book.trade(200);
    await book.published();
    const trades = await readStream(url, subject);
    checkDense(trades, 1, 600);
    expect(trades).toEqual(trades.map((_, index) => messageOf(index + 1)));
  } finally {
    await book.remove();
    for (const server of servers) await server.stop();
  }
});

it.each(publisherMutations)('a bug is noticed: $name', async ({ broker, check, ...mutation }) => {
  const run = checks[check];
  if (run === undefined) throw new Error(`no check ${check}`);
  const mutant = await loadPublisherProgram(mutation);
  await expect(run({ program: mutant, broker: brokerOf(broker), subject: newSubject() })).rejects.toThrow();
});

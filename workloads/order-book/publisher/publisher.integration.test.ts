import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNats } from '../../../hack/brokers/nats.ts';
import { startRedis } from '../../../hack/brokers/redis.ts';
import type { BrokerServer } from '../../../hack/brokers/server.ts';
import { freePorts } from '../../../hack/control-plane/free-ports.ts';
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

describe('TLS and passwords', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
  const [certificate, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  beforeAll(() => {
    execFileSync('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate],
    ]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Publishes with the right password and certificate, and not without either. */
  async function check(url: string): Promise<void> {
    const subject = newSubject();
    const ca = readFileSync(certificate, 'utf8');
    for (const wrong of [{ ca, credentials: 'book:wrong' }, { credentials: 'book:secret' }]) {
      const book = new BookRig(program, { url, subject, trades: 3, ...wrong });
      await book.start();
      await waitFor('a refusal', () => book.codes.length > 0);
      expect(book.codes).toEqual(['SLUICE_BROKER_UNAVAILABLE']);
      await book.remove();
    }
    const book = new BookRig(program, { url, subject, trades: 3, ca, credentials: 'book:secret\n' });
    await book.start();
    await book.published();
    expect(book.codes).toEqual(['ok']);
    await book.remove();
  }

  it('NATS', async () => {
    const [server] = await startNats(1, [
      'authorization { user: book, password: secret }',
      `tls { cert_file: "${certificate}", key_file: "${key}" }`,
    ]);
    await check(`tls://localhost:${server?.port}`);
    await server?.stop();
  });

  it('Redis', async () => {
    const [port = 0] = await freePorts(1);
    const server = await startRedis([
      ...['--user', 'book', 'on', '>secret', '~*', '+@all'],
      ...[
        '--tls-port',
        String(port),
        '--tls-cert-file',
        certificate,
        '--tls-key-file',
        key,
        '--tls-auth-clients',
        'no',
      ],
    ]);
    await check(`rediss://localhost:${port}`);
    await server.stop();
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

import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { createClient } from '@redis/client';
import { type PublishedTrade, parseTrade } from '../trade-message.ts';

/** All trades that the stream of `subject` holds, in its order, as any consumer can read them. */
export async function readStream(url: string, subject: string): Promise<PublishedTrade[]> {
  const texts = url.startsWith('nats') ? await readJetStream(url, subject) : await readRedis(url, subject);
  return texts.map((value) => {
    const trade = parseTrade(value);
    if (trade === undefined) throw new Error(`not a trade: ${JSON.stringify(value)}`);
    return trade;
  });
}

/** Removes the stream of `subject` as an operator of the broker can. */
export async function deleteStream(url: string, subject: string): Promise<void> {
  if (url.startsWith('nats')) await withJetStream(url, subject, (manager, name) => manager.streams.delete(name));
  else await withRedis(url, (send) => send(['DEL', subject]));
}

function readJetStream(url: string, subject: string): Promise<unknown[]> {
  return withJetStream(url, subject, async (manager, name) => {
    const { first_seq: first, last_seq: last } = (await manager.streams.info(name)).state;
    const trades: unknown[] = [];
    for (let seq = first; seq <= last; seq++) {
      const message = await manager.streams.getMessage(name, { seq });
      if (message !== null) trades.push(...(message.json() as { trades: unknown[] }).trades);
    }
    return trades;
  });
}

function readRedis(url: string, subject: string): Promise<unknown[]> {
  return withRedis(url, async (send) => {
    const entries = (await send(['XRANGE', subject, '-', '+'])) as [string, string[]][];
    return entries.map(([id, [field, text]]) => {
      const trade = JSON.parse(String(text)) as { number: string };
      if (field !== 'trade' || id !== `${trade.number}-0`) throw new Error(`entry ${id} has trade ${trade.number}`);
      return trade;
    });
  });
}

/** Does something with the stream of `subject` on a connection of its own. */
export async function withJetStream<T>(
  url: string,
  subject: string,
  use: (manager: JetStreamManager, stream: string, connection: NatsConnection) => Promise<T>,
): Promise<T> {
  const connection = await connect({ servers: url.split(','), reconnect: false });
  try {
    const manager = await jetstreamManager(connection);
    return await use(manager, await manager.streams.find(subject), connection);
  } finally {
    await connection.close();
  }
}

export async function withRedis<T>(
  url: string,
  use: (send: (words: string[]) => Promise<unknown>) => Promise<T>,
): Promise<T> {
  const client = createClient({ url });
  // It is reported by the command that failed.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use((words) => client.sendCommand(words));
  } finally {
    client.destroy();
  }
}

/** Throws when `trades` are not those with numbers `first` … `last`, each once, in order. */
export function checkDense(trades: readonly PublishedTrade[], first: number, last: number): void {
  const expected = last - first + 1;
  for (const [index, { number }] of trades.entries()) {
    if (Number(number) !== first + index) {
      const what = Number(number) < first + index ? 'doubled' : 'missing';
      throw new Error(`a trade is ${what}: place ${index + 1} holds ${number}, expected ${first + index}`);
    }
  }
  if (trades.length !== expected)
    throw new Error(`${expected - trades.length} of ${expected} trades are missing at the end`);
}

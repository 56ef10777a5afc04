import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamInfo,
} from '@nats-io/jetstream';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { CodedError } from '@sluice/kit';
import { errors } from '../errors.ts';
import {
  BROKER_TIMEOUT_MS,
  type Broker,
  type BrokerOptions,
  type BrokerSession,
  LARGEST_BATCH,
  loginOf,
} from './broker.ts';
import { type PublishedTrade, parseTrade } from './trade-message.ts';

/**
 * NATS JetStream. A message is a batch, `{"trades": […]}`, on one subject of a stream of its own. Each says which sequence the
 * stream must stand at, so a message that comes late, twice or from a second publisher is refused by the server. No Nats-Msg-Id: the server
 * answers "duplicate" to an id that it remembers although the message is purged, and a trade would be missing.
 */
export function createJetStream(options: BrokerOptions): Broker {
  const { url, hosts, subject } = options;
  return {
    description: `subject ${subject} of ${url.protocol}//${hosts.join(',')}`,
    connect: async (signal) => {
      const connection = await connect(connectionOptions(options));
      const giveUp = (): void => void connection.close();
      signal.addEventListener('abort', giveUp);
      try {
        return await openSession(connection, options);
      } catch (error) {
        await connection.close();
        throw error;
      } finally {
        signal.removeEventListener('abort', giveUp);
      }
    },
  };
}

/** JSON of a trade with the longest numbers and name of a symbol. */
const LONGEST_TRADE_BYTES = 512;

function connectionOptions(options: BrokerOptions): Parameters<typeof connect>[0] {
  const { url, hosts, credentials, ca } = options;
  const login = loginOf(options);
  return {
    servers: [...hosts],
    name: 'sluice-orderbook',
    // Each session begins with a question about the stream, so a connection is not quietly made anew.
    reconnect: false,
    timeout: BROKER_TIMEOUT_MS,
    pingInterval: BROKER_TIMEOUT_MS,
    maxPingOut: 1,
    ...((url.protocol === 'tls:' || ca !== undefined) && { tls: ca === undefined ? {} : { ca } }),
    ...(credentials?.includes('NATS USER JWT')
      ? { authenticator: credsAuthenticator(new TextEncoder().encode(credentials)) }
      : login !== undefined && { user: login.user, pass: login.password }),
  };
}

async function openSession(connection: NatsConnection, options: BrokerOptions): Promise<BrokerSession> {
  const { subject } = options;
  const manager = await jetstreamManager(connection, { timeout: BROKER_TIMEOUT_MS });
  const { config, state } = await streamOf(manager, options);
  const message = await manager.streams.getMessage(config.name, { last_by_subj: subject });
  const last = message === null ? undefined : lastTradeOf(message.data, config.name);
  const client = jetstream(connection, { timeout: BROKER_TIMEOUT_MS });
  const maxPayload = connection.info?.max_payload ?? LARGEST_BATCH * LONGEST_TRADE_BYTES;
  let lastSequence = state.last_seq;
  let before: Promise<unknown> = Promise.resolve();
  return {
    lastNumber: Number(last?.number ?? 0),
    lastTrade: last,
    batch: Math.max(1, Math.min(LARGEST_BATCH, Math.floor(maxPayload / LONGEST_TRADE_BYTES))),
    append: async (trades) => {
      const expect = { streamName: config.name, lastSequence };
      lastSequence++;
      const message = JSON.stringify({ trades });
      // Not before the one before is taken: where that was refused for a message of another publisher, this one's sequence would fit
      // behind that message, though its trades need not.
      const sent = before.then(() => client.publish(subject, message, { expect, timeout: BROKER_TIMEOUT_MS }));
      before = sent;
      await sent;
    },
    lost: connection.closed().then(() => undefined),
    close: () => connection.close(),
  };
}

async function streamOf(manager: JetStreamManager, options: BrokerOptions): Promise<StreamInfo> {
  const { subject, replicas, maxBytes } = options;
  let name: string;
  try {
    name = await manager.streams.find(subject);
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== JetStreamApiCodes.StreamNotFound) throw error;
    return manager.streams.add({
      name: subject.replaceAll('.', '_'),
      description: 'Trades of an order book, written by the book alone.',
      subjects: [subject],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      // Never by age: the last message says where to go on.
      max_bytes: maxBytes,
      num_replicas: replicas,
    });
  }
  const info = await manager.streams.info(name);
  const { subjects, storage, retention, max_age } = info.config;
  const unfit =
    subjects?.length === 1 && subjects[0] === subject
      ? [
          storage !== StorageType.File && 'it is not stored in files',
          retention !== RetentionPolicy.Limits && `its retention is ${retention}`,
          max_age > 0 && 'its messages age',
        ].find((reason) => reason !== false)
      : `it has subjects besides ${subject}`;
  if (unfit === undefined) return info;
  const sentence = `Stream ${name} cannot take the trades: ${unfit}. Give the book a stream of its own with file storage, retention by limits and no maximum age, or let it make one.`;
  throw new CodedError(errors.publishStream, sentence);
}

function lastTradeOf(data: Uint8Array, stream: string): PublishedTrade {
  let trade: PublishedTrade | undefined;
  try {
    const message: unknown = JSON.parse(new TextDecoder().decode(data));
    if (typeof message === 'object' && message !== null && 'trades' in message && Array.isArray(message.trades)) {
      trade = parseTrade(message.trades.at(-1));
    }
  } catch {
    // Not even JSON.
  }
  if (trade !== undefined) return trade;
  const sentence = `The last message of stream ${stream} holds no trades: somebody else writes into it. Give the book a stream of its own.`;
  throw new CodedError(errors.publishForeign, sentence);
}

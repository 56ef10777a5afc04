import { createClient } from '@redis/client';
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
 * Adds trades behind the id that the stream is expected to end at, all or none. ARGV: that id, the length to trim to, the number of
 * the first trade, then the trades. XADD alone refuses an id that is not above the last one, but not a hole.
 */
const APPEND = `
local last = '0-0'
if redis.call('EXISTS', KEYS[1]) == 1 then
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then last = info[i + 1] end
  end
end
if last ~= ARGV[1] then return redis.error_reply('STREAM ends at ' .. last .. ', not at ' .. ARGV[1]) end
for i = 4, #ARGV do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], string.format('%.0f-0', ARGV[3] + i - 4), 'trade', ARGV[i])
end
return redis.status_reply('OK')`;

/** Redis streams. An entry is a trade: its id is `<number>-0`, its one field `trade` holds JSON. */
export function createRedis(options: BrokerOptions): Broker {
  const { url, subject } = options;
  return {
    description: `stream ${subject} of ${url.protocol}//${url.host}`,
    connect: async (signal) => {
      const client = createClient(clientOptions(options));
      const lost = new Promise<void>((resolve) => {
        client.on('error', () => resolve());
        client.on('end', () => resolve());
      });
      const close = (): void => {
        if (client.isOpen) client.destroy();
      };
      signal.addEventListener('abort', close);
      try {
        await client.connect();
        const send = (...words: string[]): Promise<unknown> => client.sendCommand(words);
        const session = await openSession(send, options);
        return { ...session, lost, close: async () => close() };
      } catch (error) {
        close();
        throw error;
      } finally {
        signal.removeEventListener('abort', close);
      }
    },
  };
}

function clientOptions(options: BrokerOptions): Parameters<typeof createClient>[0] {
  const { url, ca } = options;
  const login = loginOf(options);
  const address = new URL(url);
  address.username = '';
  address.password = '';
  return {
    url: address.href,
    name: 'sluice-orderbook',
    ...(login !== undefined && { password: login.password, ...(login.user !== '' && { username: login.user }) }),
    // Each session begins with a question about the stream, so a connection is not quietly made anew.
    socket: {
      reconnectStrategy: false,
      connectTimeout: BROKER_TIMEOUT_MS,
      ...(url.protocol === 'rediss:' && { tls: true, ...(ca !== undefined && { ca }) }),
    },
  };
}

type Send = (...words: string[]) => Promise<unknown>;

async function openSession(send: Send, options: BrokerOptions): Promise<Omit<BrokerSession, 'lost' | 'close'>> {
  const { subject, maxTrades } = options;
  const exists = await send('EXISTS', subject);
  const info = exists === 1 ? await send('XINFO', 'STREAM', subject) : undefined;
  const last = info === undefined ? { id: '0-0' } : lastEntry(info, subject);
  let expected = last.id;
  return {
    lastNumber: Number(last.id.slice(0, -2)),
    lastTrade: last.trade,
    batch: LARGEST_BATCH,
    append: async (trades) => {
      const [first] = trades;
      if (first === undefined) return;
      const previous = expected;
      expected = `${trades.at(-1)?.number}-0`;
      const texts = trades.map((trade) => JSON.stringify(trade));
      await send('EVAL', APPEND, '1', subject, previous, String(maxTrades), first.number, ...texts);
    },
  };
}

interface LastEntry {
  readonly id: string;
  readonly trade?: PublishedTrade;
}

function lastEntry(info: unknown, subject: string): LastEntry {
  const fields = typeof info === 'object' && info !== null ? (info as Record<string, unknown>) : {};
  const id = fields['last-generated-id'];
  if (typeof id !== 'string' || !/^\d{1,16}-0$/.test(id)) throw foreign(subject, String(id));
  const entry = fields['last-entry'];
  if (!Array.isArray(entry) || entry[0] !== id) return { id };
  const words: unknown = entry[1];
  const trade = Array.isArray(words) && words[0] === 'trade' ? parseText(words[1]) : undefined;
  if (trade === undefined) throw foreign(subject, id);
  return { id, trade };
}

function parseText(text: unknown): PublishedTrade | undefined {
  try {
    return parseTrade(JSON.parse(String(text)));
  } catch {
    return undefined;
  }
}

function foreign(subject: string, id: string): CodedError {
  const sentence = `Entry ${id} of stream ${subject} is not a trade of a book: somebody else writes into it. Give the book a stream of its own.`;
  return new CodedError(errors.publishForeign, sentence);
}

import { createLogger } from '@sluice/runtime/telemetry';
import { VirtualClock } from '@sluice/runtime/testing';
import { BUY, SELL, type Side } from '../../engine/book.ts';
import type { Command } from '../../exchange/command.ts';
import { Exchange } from '../../exchange/exchange.ts';
import type { Market } from '../../exchange/market.ts';
import { depthText } from '../binance/encode.ts';
import { BinanceSession, BinanceStreams } from '../binance/session.ts';
import { BinanceSymbols } from '../binance/symbols.ts';
import { CoinbaseChannels } from '../coinbase/channels.ts';
import { orderBookText } from '../coinbase/encode.ts';
import { CoinbaseSession } from '../coinbase/session.ts';
import { CONNECTION_LIMITS, Connection, type ConnectionLimits, type EndReason, type Socket } from '../connection.ts';
import type { Session } from '../doors.ts';
import { Hub } from '../hub.ts';
import { BinanceReader, FullReader, Level2Reader, type Sides } from './readers.ts';

export type Kind = 'binance' | 'level2' | 'level2_batch' | 'full';

/** The parts of a program that a scene plays: those of this checkout, or a copy with a bug in it. */
export interface Program {
  readonly BinanceSession: typeof BinanceSession;
  readonly BinanceStreams: typeof BinanceStreams;
  readonly BinanceSymbols: typeof BinanceSymbols;
  readonly CoinbaseChannels: typeof CoinbaseChannels;
  readonly CoinbaseSession: typeof CoinbaseSession;
  readonly Connection: typeof Connection;
  readonly Exchange: typeof Exchange;
  readonly Hub: typeof Hub;
  readonly depthText: typeof depthText;
  readonly orderBookText: typeof orderBookText;
}

export const program: Program = {
  BinanceSession,
  BinanceStreams,
  BinanceSymbols,
  CoinbaseChannels,
  CoinbaseSession,
  Connection,
  Exchange,
  Hub,
  depthText,
  orderBookText,
};

/** One client: what was sent to it waits until the scene lets it read. */
class Client {
  readonly kind: Kind;
  readonly reader: BinanceReader | Level2Reader | FullReader;
  readonly inbox: string[] = [];
  ended: EndReason | undefined;
  hasSnapshot = false;
  connection: Connection | undefined;

  constructor(kind: Kind) {
    this.kind = kind;
    this.reader = kind === 'binance' ? new BinanceReader() : kind === 'full' ? new FullReader() : new Level2Reader();
    this.hasSnapshot = kind === 'level2' || kind === 'level2_batch';
  }

  read(messages: number): void {
    for (const text of this.inbox.splice(0, messages)) this.reader.message(text);
  }
}

const SYMBOL = 'BTC-EUR';
const LISTED = new Set([SYMBOL, 'ETH-EUR']);

interface Process {
  readonly exchange: Exchange;
  readonly hub: Hub;
  readonly streams: BinanceStreams;
  readonly channels: CoinbaseChannels;
}

/** A book with readers of all feeds, on virtual time and without sockets. */
export class Scene {
  readonly clock = new VirtualClock();
  readonly clients: Client[] = [];
  /** Clients that the book sent away, by reason. */
  readonly ended: EndReason[] = [];
  private readonly program: Program;
  private readonly limits: ConnectionLimits;
  private readonly log: Command[] = [];
  private epoch = 0;
  /** Commands of the processes before this one. */
  private replayed = -1;
  private process: Process;

  constructor(parts: Program, bufferedBytes: number = CONNECTION_LIMITS.bufferedBytes) {
    this.program = parts;
    this.limits = { ...CONNECTION_LIMITS, bufferedBytes };
    this.process = this.startProcess();
  }

  /** The process ends and another one replays the journal; every client is cut off and comes back when it likes. */
  restart(): void {
    this.clients.length = 0;
    this.process = this.startProcess();
  }

  /** One group commit. */
  commit(commands: readonly Command[]): void {
    this.log.push(...commands);
    for (const command of commands) this.process.exchange.apply(command, this.epoch);
    this.process.hub.applied();
  }

  connect(kind: Kind): void {
    const { program: parts } = this;
    const client = new Client(kind);
    let session: Session | undefined;
    const connection = new parts.Connection({
      clock: this.clock,
      socket: socketOf(client),
      limits: this.limits,
      onSend: () => undefined,
      onEnd: (reason) => {
        client.ended = reason;
        this.ended.push(reason);
        this.clients.splice(this.clients.indexOf(client), 1);
        session?.end();
      },
    });
    client.connection = connection;
    this.clients.push(client);
    if (kind === 'binance') {
      session = new parts.BinanceSession(this.process.streams, connection, false);
      session.message('{"method":"SUBSCRIBE","params":["btceur@depth@100ms"],"id":1}');
    } else {
      session = new parts.CoinbaseSession(this.process.channels, this.process.exchange, connection, 100);
      session.message(`{"type":"subscribe","product_ids":["${SYMBOL}"],"channels":["${kind}"]}`);
    }
  }

  /** The client of this number closes its connection. */
  leave(number: number): void {
    this.clients[number]?.connection?.closed();
  }

  /** The client asks for its snapshot, where its feed has it fetched. */
  fetchSnapshot(client: Client): void {
    const { market, program: parts } = this;
    if (client.reader instanceof BinanceReader) {
      client.reader.snapshot(JSON.parse(parts.depthText(market, this.process.hub.updateId, 5_000)));
    } else if (client.reader instanceof FullReader) {
      const { sequence } = this.process.channels.product(market).feed;
      client.reader.snapshot(JSON.parse(parts.orderBookText(market, 3, sequence)));
    }
    client.hasSnapshot = true;
  }

  /** Lets everything arrive; then each client has the book of the engine. Throws with the first difference. */
  async settle(): Promise<void> {
    await this.clock.advance(1_000);
    if (this.ended.includes('failed')) throw new Error('a stream failed');
    for (const client of [...this.clients]) {
      if (!client.hasSnapshot) this.fetchSnapshot(client);
      client.read(client.inbox.length);
      const expected = client.kind === 'full' ? this.orders() : this.levels();
      const found = client.reader instanceof FullReader ? ordersText(client.reader) : levelsText(client.reader.book);
      if (found !== expected) throw new Error(`a ${client.kind} client has\n${found}\nand the book is\n${expected}`);
    }
  }

  private startProcess(): Process {
    const { program: parts } = this;
    // As the store has it: a process that wrote nothing leaves its epoch to the next one.
    if (this.log.length > this.replayed) this.epoch++;
    this.replayed = this.log.length;
    const exchange = new parts.Exchange();
    for (const command of this.log) exchange.apply(command, this.epoch);
    const hub = new parts.Hub(this.clock, createLogger('test', 'silent'), exchange);
    const streams = new parts.BinanceStreams(hub, new parts.BinanceSymbols(exchange, LISTED), 100);
    return { exchange, hub, streams, channels: new parts.CoinbaseChannels(hub, exchange, this.epoch) };
  }

  private get market(): Market {
    const market = this.process.exchange.markets.get(SYMBOL);
    if (market === undefined) throw new Error('commit the listing first');
    return market;
  }

  private levels(): string {
    const { book, tick, lot } = this.market;
    const side = (of: Side): Map<string, string> => {
      const levels = new Map<string, string>();
      book.levels(of, (price, volume) => levels.set(tick.format(price), lot.format(volume)).size > 0);
      return levels;
    };
    return levelsText({ bids: side(BUY), asks: side(SELL) });
  }

  private orders(): string {
    const { market } = this;
    const { tick, lot } = market;
    const rows: string[] = [];
    for (const side of [BUY, SELL] as const) {
      market.eachOrder(side, (id, price, shown) =>
        rows.push(`${side === BUY ? 'buy' : 'sell'} ${tick.format(price)} ${Number(lot.format(shown))} ${id}`),
      );
    }
    return rows.sort().join('\n');
  }
}

function socketOf(client: Client): Socket {
  return {
    get bufferedAmount() {
      return client.inbox.reduce((sum, text) => sum + text.length, 0);
    },
    send: (data) => void client.inbox.push(String(data)),
    close: () => undefined,
    terminate: () => undefined,
    ping: () => undefined,
  };
}

function levelsText(book: Sides | undefined): string {
  if (book === undefined) return 'nothing';
  const side = (levels: ReadonlyMap<string, string>): string =>
    [...levels]
      .map(([price, quantity]) => `${price} ${quantity}`)
      .sort()
      .join('\n');
  return `bids\n${side(book.bids)}\nasks\n${side(book.asks)}`;
}

function ordersText({ orders }: FullReader): string {
  return [...orders]
    .map(([id, { side, price, size }]) => `${side} ${price} ${size} ${id}`)
    .sort()
    .join('\n');
}

import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { createClient } from '@redis/client';
import { type PublishedTrade, parseTrade } from '../trade-message.ts';

const PAUSE_MS = 50;
const PAGE = 1_000;

/** Reads trades in the order of the stream from where it stopped, on one connection. */
type Pull = () => Promise<unknown[]>;

/**
 * A consumer as it should be: it follows the stream through every loss of the connection and keeps the number of the last trade it took. It
 * takes the next number, skips a lower one that it has seen with the same content, and anything else is a fault.
 */
export class LiveConsumer {
  readonly trades: PublishedTrade[] = [];
  /** What should never happen: a gap, or another trade with a number that was taken. */
  readonly faults: string[] = [];
  /** Trades that came again and were skipped. */
  repeated = 0;
  private readonly url: string;
  private readonly subject: string;
  private readonly running: Promise<void>;
  private stopped = false;

  constructor(url: string, subject: string) {
    this.url = url;
    this.subject = subject;
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async run(): Promise<void> {
    // A place in the stream outlives the connection, as that of any consumer does.
    const place = { next: 1, id: '0-0' };
    while (!this.stopped) {
      try {
        await (this.url.startsWith('nats') ? this.followJetStream(place) : this.followRedis(place));
      } catch {
        // The broker is away, or the stream is not made yet.
      }
      await pause();
    }
  }

  private async followJetStream(place: { next: number }): Promise<void> {
    const connection = await connect({ servers: this.url, reconnect: false, timeout: 2_000 });
    try {
      const manager = await jetstreamManager(connection, { timeout: 2_000 });
      const name = await manager.streams.find(this.subject);
      await this.follow(async () => {
        const { last_seq: last } = (await manager.streams.info(name)).state;
        // The broker has less than it had: its stream is read anew.
        if (last < place.next - 1) place.next = 1;
        const found: unknown[] = [];
        let next = place.next;
        for (; next <= last && found.length < PAGE; next++) {
          const message = await manager.streams.getMessage(name, { seq: next });
          if (message !== null) found.push(...(message.json() as { trades: unknown[] }).trades);
        }
        // Only now: a connection that is lost half-way gives nothing.
        place.next = next;
        return found;
      });
    } finally {
      await connection.close();
    }
  }

  private async followRedis(place: { id: string }): Promise<void> {
    const client = createClient({ url: this.url, socket: { reconnectStrategy: false, connectTimeout: 2_000 } });
    client.on('error', () => undefined);
    await client.connect();
    try {
      await this.follow(async () => {
        const reply = await client.sendCommand(['XRANGE', this.subject, `(${place.id}`, '+', 'COUNT', String(PAGE)]);
        const entries = reply as unknown as [string, string[]][];
        place.id = entries.at(-1)?.[0] ?? place.id;
        return entries.map(([, [, text]]) => JSON.parse(String(text)) as unknown);
      });
    } finally {
      client.destroy();
    }
  }

  private async follow(pull: Pull): Promise<void> {
    while (!this.stopped) {
      const found = await pull();
      for (const value of found) this.take(parseTrade(value));
      if (found.length === 0) await pause();
    }
  }

  private take(trade: PublishedTrade | undefined): void {
    if (trade === undefined) {
      this.faults.push('a message that is not a trade');
      return;
    }
    const index = Number(trade.number) - 1;
    const known = this.trades[index];
    if (known === undefined && index === this.trades.length) this.trades.push(trade);
    else if (known === undefined) this.faults.push(`trade ${this.trades.length + 1} is missing before ${trade.number}`);
    else if (JSON.stringify(known) === JSON.stringify(trade)) this.repeated++;
    else this.faults.push(`trade ${trade.number} came again, with other content`);
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

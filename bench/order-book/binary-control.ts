import { type AddressInfo, createServer, type Socket } from 'node:net';
import { systemClock } from '@sluice/runtime/clock';
import { createLogger, createMetrics, createRegistry } from '@sluice/runtime/telemetry';
import { ANSWER_BYTES, RESULT } from '../../workloads/order-book/binary/answer-frame.ts';
import { FRAME_BYTES } from '../../workloads/order-book/binary/command-frame.ts';
import { startBinaryDoor } from '../../workloads/order-book/binary/door.ts';
import { encodeWelcome, readHello } from '../../workloads/order-book/binary/hello.ts';
import { Exchange } from '../../workloads/order-book/exchange/exchange.ts';
import { RECORD_BYTES, RESULT_BYTES } from '../../workloads/order-book/exchange/record.ts';
import { Sequencer } from '../../workloads/order-book/exchange/sequencer.ts';
import { createRateLimit } from '../../workloads/order-book/gateway/rate-limit.ts';
import type { Journal } from '../../workloads/order-book/journal/journal.ts';
import { orderBookMetrics } from '../../workloads/order-book/metrics.ts';

const SYMBOL = { name: 'BTC-EUR', tickSize: '0.01', lotSize: '0.0001' };
const MAX_PENDING = 20_000;

/** As many bytes back as came, and nothing else: what is left is the price of the kernel, of node:net and of the client. */
async function startEcho(): Promise<number> {
  const answers = Buffer.alloc(1 << 20);
  for (let at = 0; at < answers.length; at += ANSWER_BYTES) answers[at] = RESULT;
  const symbols = [{ ...SYMBOL, number: 0, trading: true }];
  const welcome = encodeWelcome({ window: 4_096, commandsPerSecond: 1_000_000, symbols });
  const greet = (socket: Socket): void => {
    let left = 0;
    socket.setNoDelay(true);
    socket.once('data', (hello) => {
      const read = readHello(hello);
      if (read === undefined || 'code' in read) throw new Error('the hello of the load is not one');
      socket.write(welcome);
      socket.on('data', (chunk) => {
        left += chunk.length;
        const frames = Math.floor(left / FRAME_BYTES);
        left -= frames * FRAME_BYTES;
        socket.write(answers.subarray(0, frames * ANSWER_BYTES));
      });
    });
  };
  const server = createServer(greet);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A book that takes every command and does nothing. */
class IdleExchange extends Exchange {
  private readonly nothing = new Uint8Array(MAX_PENDING * RESULT_BYTES);

  override applyRecords(records: Uint8Array): Uint8Array {
    return this.nothing.subarray(0, (records.length / RECORD_BYTES) * RESULT_BYTES);
  }
}

/** Forgets what it is given. */
class IdleJournal implements Journal {
  lastSequence = 0;

  async append({ count }: { readonly count: number }): Promise<void> {
    this.lastSequence += count;
  }

  async discardThrough(): Promise<void> {
    // Nothing is kept.
  }

  async close(): Promise<void> {
    // Nothing is open.
  }
}

/** The binary port and the sequencer as they are, without a disk and without a book behind them. */
async function startPort(): Promise<number> {
  const exchange = new IdleExchange();
  const sequencer = new Sequencer({ exchange, journal: new IdleJournal(), epoch: 1, maxPending: MAX_PENDING });
  await sequencer.submit({ kind: 'symbol', ...SYMBOL });
  const door = await startBinaryDoor({
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    log: createLogger('control', 'silent'),
    exchange,
    sequencer,
    listed: new Set([SYMBOL.name]),
    rateLimit: createRateLimit(systemClock, 10_000_000),
    maxOpenOrders: 10_000_000,
    maxPending: MAX_PENDING,
    refusal: () => undefined,
    metrics: createMetrics(orderBookMetrics, createRegistry()),
    auth: undefined,
  });
  return door.port;
}

/** Servers that do less than the book, for the load of bench-binary. */
console.log(await (process.argv[2] === 'echo' ? startEcho() : startPort()));

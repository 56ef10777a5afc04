import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createBook } from '../../workloads/order-book/market-data/testing/random-orders.ts';
import type { RestFigures, RestLoad } from './rest-load.ts';

// What readers cost: orders at a steady rate, answered when durable, beside none, 1 and 100 WebSocket readers of every change.

/** What the readers saw, all together, in `seconds`. */
interface Readers {
  readonly messages: number;
  readonly megabytes: number;
  /** From the flush in the book, whose time stands in the message in whole milliseconds, to the last reader's hand. */
  readonly p50: number;
  readonly p99: number;
  /** Readers that were dropped. */
  readonly lost: number;
}

const RATE = 2_000;
const SECONDS = 5;

async function round(count: number): Promise<string> {
  const book = createBook();
  await book.start();
  try {
    const load: RestLoad = {
      port: book.ports.rest,
      connections: 32,
      seconds: SECONDS,
      rate: RATE,
      mix: 'flow',
      seed: 1,
    };
    const readers = count === 0 ? undefined : run<Readers>('fan-out.ts', { host: book.host, count });
    const figures = await run<RestFigures>('rest-load.ts', load);
    const seen = await readers;
    const cells =
      seen === undefined
        ? '- | - | - | - | -'
        : `${Math.round(seen.messages / SECONDS).toLocaleString('en')} | ${(seen.megabytes / SECONDS).toFixed(1)} | ${seen.p50} | ${seen.p99} | ${seen.lost}`;
    return `| ${count} | ${Math.round(figures.perSecond).toLocaleString('en')} | ${figures.p50.toFixed(2)} | ${figures.p99.toFixed(2)} | ${cells} |`;
  } finally {
    await book.remove();
  }
}

async function run<T>(file: string, argument: object): Promise<T> {
  const path = `${import.meta.dirname}/${file}`;
  const { stdout } = await promisify(execFile)(process.execPath, [path, JSON.stringify(argument)], {
    maxBuffer: 1 << 24,
  });
  return JSON.parse(stdout) as T;
}

/** Reads for as long as the load runs, its warm-up included; only what comes after the warm-up counts. */
async function read({ host, count }: { host: string; count: number }): Promise<Readers> {
  const delays: number[] = [];
  const seen = { messages: 0, bytes: 0, lost: 0 };
  const begin = Date.now() + 2_000;
  const sockets = Array.from({ length: count }, () => {
    const socket = new WebSocket(`ws://${host}/feed`);
    socket.addEventListener('open', () =>
      socket.send('{"type":"subscribe","product_ids":["BTC-EUR"],"channels":["level2"]}'),
    );
    socket.addEventListener('close', () => seen.lost++);
    socket.addEventListener('message', ({ data }) => {
      const now = Date.now();
      if (now < begin) return;
      const text = String(data);
      seen.messages++;
      seen.bytes += text.length;
      const time = /"time":"([^"]+)"/.exec(text)?.[1];
      if (time !== undefined) delays.push(now - Date.parse(time));
    });
    return socket;
  });
  await new Promise((resolve) => setTimeout(resolve, 2_000 + SECONDS * 1_000));
  const { messages, bytes, lost } = { ...seen };
  for (const socket of sockets) socket.close();
  delays.sort((a, b) => a - b);
  const at = (share: number): number => delays[Math.floor(share * (delays.length - 1))] ?? Number.NaN;
  return { messages, megabytes: bytes / 1e6, p50: at(0.5), p99: at(0.99), lost };
}

const argument = process.argv[2];
if (argument === undefined) {
  console.log(
    '| readers | orders/s | ack p50 ms | ack p99 ms | messages/s | MB/s | delivery p50 ms | p99 ms | dropped |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|');
  for (const count of [0, 1, 100]) console.log(await round(count));
} else {
  process.stdout.write(JSON.stringify(await read(JSON.parse(argument) as { host: string; count: number })), () =>
    process.exit(0),
  );
}

import { quantile } from './quantile.ts';

/** What WebSocket readers of every change saw, all together, in `seconds` after the warm-up of the load beside them. */
export interface FanOutFigures {
  readonly messagesPerSecond: number;
  readonly megabytesPerSecond: number;
  /** From the flush in the book, whose time stands in the message in whole milliseconds, to the reader's hand. */
  readonly p50: number;
  readonly p99: number;
  /** Readers that were dropped. */
  readonly dropped: number;
}

export interface FanOutReaders {
  readonly port: number;
  readonly count: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

async function read({ port, count, warmUpSeconds, seconds }: FanOutReaders): Promise<FanOutFigures> {
  const delays: number[] = [];
  let bytes = 0;
  let dropped = 0;
  const begin = Date.now() + warmUpSeconds * 1_000;
  const end = begin + seconds * 1_000;
  const onMessage = (text: string): void => {
    const now = Date.now();
    if (now < begin || now >= end) return;
    bytes += text.length;
    // A level2 change says when it was sent, at a place that its product's name fixes.
    const at = text.indexOf('"time":"') + 8;
    if (at >= 8) delays.push(now - Date.parse(text.slice(at, at + 24)));
  };
  const sockets = Array.from({ length: count }, () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/feed`);
    const subscribe = '{"type":"subscribe","product_ids":["BTC-EUR"],"channels":["level2"]}';
    socket.addEventListener('open', () => socket.send(subscribe));
    socket.addEventListener('close', () => dropped++);
    socket.addEventListener('message', ({ data }) => onMessage(String(data)));
    return socket;
  });
  await new Promise((resolve) => setTimeout(resolve, end - Date.now()));
  const figures = {
    messagesPerSecond: delays.length / seconds,
    megabytesPerSecond: bytes / seconds / 1e6,
    dropped,
  };
  for (const socket of sockets) socket.close();
  delays.sort((a, b) => a - b);
  return { ...figures, p50: quantile(delays, 0.5), p99: quantile(delays, 0.99) };
}

const figures = await read(JSON.parse(process.argv[2] ?? '') as FanOutReaders);
process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit(0));

import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { imageSources } from '../../hack/images/sources.ts';
import { bundled } from './bundled.ts';
import { cpuSeconds, firstLine, pinned } from './one-core.ts';

const root = join(import.meta.dirname, '../..');
const cache = join(root, '.cache/bench-order-book');
const SYMBOLS = `symbols: [{ name: BTC-EUR, tickSize: "0.01", lotSize: "0.0001" }]
limits: { maxOrdersPerAccount: 1000000, ordersPerSecondPerAccount: 1000000 }
`;
/** Flags for the node of the book alone, such as --cpu-prof. */
const nodeFlags = (process.env.BOOK_FLAGS ?? '').split(' ').filter((flag) => flag !== '');

/** A process on one core, the first of the machine, that a load on the other one is measured against. */
export interface PinnedServer {
  readonly port: number;
  /** Seconds of CPU that it has used, of all its threads. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

export interface PinnedBook extends PinnedServer {
  /** NaN unless it was started with `--binary-port`. */
  readonly binaryPort: number;
}

/** Starts the bundle of a program, which prints its port first, or a greeting. */
export async function startPinned(
  entry: string,
  args: readonly string[],
  flags: readonly string[] = [],
): Promise<PinnedServer & { readonly greeting: string }> {
  const child = pinned(0, await bundled(entry, args, flags));
  const greeting = await firstLine(child);
  return {
    greeting,
    port: Number.parseInt(greeting, 10),
    cpuSeconds: () => cpuSeconds(child.pid ?? 0),
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** Starts the program of the image with nothing in its book, on the disk of the checkout, without limits that a load would meet. */
export async function startPinnedBook(flags: readonly string[] = []): Promise<PinnedBook> {
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, 'book-'));
  const symbols = join(directory, 'symbols.yaml');
  writeFileSync(symbols, SYMBOLS);
  const files = ['--data', join(directory, 'data'), '--symbols', symbols];
  const common = ['--port', '0', '--max-open-orders', '2000000'];
  const server = await startPinned(imageSources['order-book'].entry, [...common, ...files, ...flags], nodeFlags);
  const portAfter = (pattern: RegExp): number => Number(pattern.exec(server.greeting)?.[1]);
  return {
    ...server,
    port: portAfter(/127\.0\.0\.1:(\d+)/),
    binaryPort: portAfter(/binary +port (\d+)/),
    stop: async () => {
      await server.stop();
      rmSync(directory, { recursive: true });
    },
  };
}

/** Runs a load, from its sources, on the second core and resolves to the JSON that it prints in one line. */
export async function runBeside<T>(file: string, argument: object): Promise<T> {
  const command = [process.execPath, join(import.meta.dirname, file), JSON.stringify(argument)];
  return JSON.parse(await firstLine(pinned(1, { command, env: process.env }))) as T;
}

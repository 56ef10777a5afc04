import { createCommand, runProgram } from '@sluice/kit';
import { systemClock } from '@sluice/runtime/clock';
import { InvalidArgumentError, Option } from 'commander';
import { watchBook } from './watch.ts';

const version = process.env.APP_VERSION ?? '1.0.0';

interface Flags {
  url: string;
  symbol: string;
  token?: string;
  once: boolean;
  color: boolean;
}

function httpAddress(text: string): string {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return text;
  throw new InvalidArgumentError('It must be an address such as http://127.0.0.1:8080.');
}

async function main(): Promise<void> {
  const flags = createCommand(
    'sluice-orderbook watch',
    'Shows a running book: ladder, spread and last trades.',
    version,
  )
    .addOption(new Option('--symbol <name>', 'symbol to show').env('SLUICE_SYMBOL').makeOptionMandatory())
    .addOption(
      new Option('--url <address>', 'where the book answers')
        .env('SLUICE_URL')
        .default('http://127.0.0.1:8080')
        .argParser(httpAddress),
    )
    .addOption(new Option('--token <token>', 'bearer token, when the book asks for one').env('SLUICE_TOKEN'))
    .addOption(new Option('--once', 'print one screen and end').default(false))
    .addOption(new Option('--no-color', 'no colours; so does the environment variable NO_COLOR'))
    .parse(process.argv.slice(1))
    .opts<Flags>();
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => ending.abort());
  const { url, symbol, token, once } = flags;
  const color = flags.color && process.env.NO_COLOR === undefined && process.stdout.isTTY === true;
  await watchBook({
    clock: systemClock,
    output: process.stdout,
    url,
    symbol,
    token,
    once,
    color,
    signal: ending.signal,
  });
}

await runProgram(main);

import { resolve } from 'node:path';
import {
  addAuthOptions,
  authFromOptions,
  createCommand,
  installShutdown,
  integer,
  logLevelOption,
  portOption,
  runProgram,
  UsageError,
} from '@sluice/kit';
import { systemClock } from '@sluice/runtime/clock';
import { createLogger } from '@sluice/runtime/telemetry';
import { Option } from 'commander';
import { type BookService, startBook } from './book-service.ts';
import { inlineMore } from './engine/tuning.ts';
import { SNAPSHOT_EVERY } from './exchange/store.ts';
import { startLeaderLease } from './leader-lease.ts';
import { addPublishOptions, type PublishFlags, publishFromOptions } from './publisher/flags.ts';
import { type BookConfig, readSymbols } from './symbols.ts';

const version = process.env.APP_VERSION ?? '1.0.0';

interface Flags extends PublishFlags {
  data: string;
  symbols: string;
  host: string;
  port: number;
  adminPort?: number;
  binaryPort?: number;
  maxPending: number;
  maxOpenOrders: number;
  snapshotEvery: number;
  lease?: string;
  namespace?: string;
  pod?: string;
  authIssuer?: string;
  authAudience?: string;
  authJwksUrl?: string;
  logLevel: string;
}

function readFlags(): Flags {
  const command = createCommand(
    'sluice-orderbook',
    'A price-time-priority order book; every order is on disk before it is acknowledged.',
    version,
  )
    .addOption(
      new Option('--symbols <file>', 'YAML file with the list of symbols; required')
        .env('SLUICE_SYMBOLS')
        .makeOptionMandatory(),
    )
    .addOption(new Option('--data <folder>', 'journal and snapshots').env('SLUICE_DATA').default('./data'))
    .addOption(new Option('--host <address>', 'address to listen on').env('SLUICE_HOST').default('127.0.0.1'))
    .addOption(portOption('--port', 'port of the service', 'SLUICE_PORT', 8080))
    .addOption(portOption('--admin-port', 'port of metrics and health', 'SLUICE_ADMIN_PORT'))
    .addOption(portOption('--binary-port', 'port of the binary protocol, for high rates', 'SLUICE_BINARY_PORT'))
    .addOption(
      new Option('--max-pending <number>', 'commands that may wait for the disk')
        .env('SLUICE_MAX_PENDING')
        .default(10_000)
        .argParser(integer(1, 1_000_000)),
    )
    .addOption(
      new Option(
        '--max-open-orders <number>',
        'open orders of all accounts together; 250,000 take 65 MB, or 120 MB with client order ids of text',
      )
        .env('SLUICE_MAX_OPEN_ORDERS')
        .default(250_000)
        .argParser(integer(1, 10_000_000)),
    )
    .addOption(
      new Option(
        '--snapshot-every <number>',
        'commands after which the state is written, so that a start replays fewer',
      )
        .env('SLUICE_SNAPSHOT_EVERY')
        .default(SNAPSHOT_EVERY)
        .argParser(integer(1, 1_000_000_000)),
    )
    .addOption(new Option('--lease <name>', 'in a pod: the Lease to report through').env('SLUICE_LEASE'))
    .addOption(new Option('--namespace <name>', 'namespace of the Lease').env('POD_NAMESPACE'))
    .addOption(new Option('--pod <name>', 'name of this pod').env('POD_NAME'))
    .addOption(logLevelOption('warn'));
  return addAuthOptions(addPublishOptions(command))
    .addHelpText('after', '\nWatch a running book in the terminal: sluice-orderbook watch --help')
    .parse()
    .opts<Flags>();
}

async function main(): Promise<void> {
  inlineMore();
  const flags = readFlags();
  const config = await readSymbols(flags.symbols);
  const auth = authFromOptions(flags) ?? config.auth;
  const publish = publishFromOptions(flags);
  const log = createLogger('order-book', flags.logLevel);
  const directory = resolve(flags.data);
  const service = await startBook({
    version,
    clock: systemClock,
    log,
    config,
    store: { directory, snapshotEvery: flags.snapshotEvery },
    host: flags.host,
    port: flags.port,
    adminPort: flags.adminPort,
    binary: flags.binaryPort === undefined ? undefined : { port: flags.binaryPort },
    publish,
    maxPending: flags.maxPending,
    maxOpenOrders: flags.maxOpenOrders,
    auth,
  });
  const { lease, namespace, pod } = flags;
  const leader = lease === undefined ? undefined : startLeaderLease(service, { lease, namespace, pod, version, log });
  installShutdown({
    log,
    health: service.health,
    steps: leader === undefined ? service.stopSteps : [...service.stopSteps, leader.stopStep],
    // In a cluster, the Service needs a moment to send clients elsewhere.
    lameDuckMs: leader === undefined ? 0 : 1_000,
  });
  process.stdout.write(greeting(service, directory, config, auth?.jwt));
}

function greeting(
  { address, adminPort, binaryPort, store }: BookService,
  directory: string,
  { symbols }: BookConfig,
  jwt: { issuer: string; audience: string } | undefined,
): string {
  const [first] = symbols;
  if (first === undefined) throw new UsageError('a book needs a symbol');
  const { exchange } = store;
  const market = exchange.markets.get(first.name);
  const order = {
    symbol: first.name,
    side: 'buy',
    price: market?.tick.format(10_000),
    quantity: market?.lot.format(10),
  };
  const tokens =
    jwt === undefined
      ? `none is asked: whoever reaches this address may trade, and callers on this
            machine may halt symbols and switch accounts off (--auth-issuer asks for them)`
      : `of ${jwt.issuer} for ${jwt.audience}`;
  const streams = address.replace('http', 'ws');
  return `sluice-orderbook ${version}
  place     curl -s ${address}/v1/orders -H 'content-type: application/json' -d '${JSON.stringify(order)}'
  depth     curl -s '${address}/v1/depth?symbol=${first.name}'
  watch     npx sluice-orderbook watch --symbol ${first.name} --url ${address}
  clients   Binance shape: ${address}/api/v3 and ${streams}/ws
            Coinbase shape: ${address} and ${streams}/feed
  API       ${address}/openapi.json
  symbols   ${symbols.map(({ name, tickSize, lotSize }) => `${name} (tick ${tickSize}, lot ${lotSize})`).join(', ')}
  data      ${directory}: ${exchange.orders.open} open orders at command ${exchange.sequence};
            an order is on disk before it is answered
  tokens    ${tokens}
${binaryPort === undefined ? '' : `  binary    port ${binaryPort}\n`}${adminPort === undefined ? '' : `  metrics   port ${adminPort}, /metrics /healthz /readyz\n`}`;
}

await runProgram(main);

import { addAuthOptions, authFromOptions, createCommand, portOption, runProgram, UsageError } from '@sluice/kit';
import { Option } from 'commander';
import { startEmbedded } from './embedded.ts';

const version = process.env.APP_VERSION ?? '1.0.0';

interface Flags {
  host: string;
  port: number;
  adminPort?: number;
  data?: string;
  counter: string[];
  authIssuer?: string;
  authAudience?: string;
  authJwksUrl?: string;
  logLevel?: string;
}

function readFlags(): Flags {
  const command = createCommand(
    'sluice-counter',
    'Gives every request a number that no other request ever gets.',
    version,
  )
    .addOption(new Option('--data <folder>', 'keep the ledger in this folder; needs no cluster').env('SLUICE_DATA'))
    .addOption(
      new Option('--counter <name...>', 'names of the counters, the first is the default one').default(['default']),
    )
    .addOption(new Option('--host <address>', 'address to listen on').env('SLUICE_HOST').default('127.0.0.1'))
    .addOption(portOption('--port', 'port of the service', 'SLUICE_PORT', 8080))
    .addOption(portOption('--admin-port', 'port of metrics and health', 'SLUICE_ADMIN_PORT'))
    .addOption(new Option('--log-level <level>', 'level of the log').env('SLUICE_LOG_LEVEL'));
  return addAuthOptions(command).parse().opts<Flags>();
}

async function main(): Promise<void> {
  const flags = readFlags();
  if (flags.data === undefined) throw new UsageError('--data <folder> is needed: where the ledger is kept');
  await startEmbedded({ ...flags, version, folder: flags.data, auth: authFromOptions(flags) });
}

await runProgram(main);

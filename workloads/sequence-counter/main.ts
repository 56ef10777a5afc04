import {
  addAuthOptions,
  authFromOptions,
  createCommand,
  logLevelOption,
  portOption,
  runProgram,
  UsageError,
} from '@sluice/kit';
import { Option } from 'commander';
import { startEmbedded } from './embedded.ts';
import { startReplica } from './replica.ts';

const version = process.env.APP_VERSION ?? '1.0.0';

interface Flags {
  host: string;
  port: number;
  adminPort?: number;
  data?: string;
  config?: string;
  kubeconfig?: string;
  peerPort: number;
  podIp: string;
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
      new Option('--config <file>', 'be a replica in a cluster, as this file of the operator says').env(
        'SLUICE_CONFIG',
      ),
    )
    .addOption(new Option('--kubeconfig <file>', 'with --config: the cluster, for a process outside of it'))
    .addOption(
      new Option('--pod-ip <address>', 'with --config: where the other replicas reach this one')
        .env('POD_IP')
        .default('127.0.0.1'),
    )
    .addOption(portOption('--peer-port', 'with --config: port for the other replicas', 'SLUICE_PEER_PORT', 8443))
    .addOption(
      new Option('--counter <name...>', 'names of the counters, the first is the default one').default(['default']),
    )
    .addOption(new Option('--host <address>', 'address to listen on').env('SLUICE_HOST').default('127.0.0.1'))
    .addOption(portOption('--port', 'port of the service', 'SLUICE_PORT', 8080))
    .addOption(portOption('--admin-port', 'port of metrics and health', 'SLUICE_ADMIN_PORT'))
    .addOption(logLevelOption());
  return addAuthOptions(command).parse().opts<Flags>();
}

async function main(): Promise<void> {
  const flags = readFlags();
  const auth = authFromOptions(flags);
  if ((flags.data === undefined) === (flags.config === undefined)) {
    throw new UsageError('give --data <folder> to run without a cluster, or --config <file> to be a replica in one');
  }
  if (flags.config !== undefined) await startReplica({ ...flags, version, configFile: flags.config });
  else if (flags.data !== undefined) await startEmbedded({ ...flags, version, folder: flags.data, auth });
}

await runProgram(main);

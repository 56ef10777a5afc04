import { logLevels } from '@sluice/runtime/telemetry';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';

/** The command line is wrong: one line on stderr, exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface OperatorFlags {
  /** YAML file of the image catalogue. */
  readonly catalog: string;
  /** Port of /metrics, /healthz and /readyz; 0 picks a free one. */
  readonly metricsPort: number;
  readonly leaderElect: boolean;
  /** Namespace of the election's Lease. */
  readonly namespace?: string;
  /** Who this process is in the election; unique per pod. */
  readonly identity?: string;
  readonly logLevel: string;
}

function port(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError('It must be a port from 0 to 65535.');
}

/**
 * Reads the flags, each with an environment variable behind it. Undefined when the user asked for the help, which is
 * then on stdout. Throws a UsageError for anything that cannot be run.
 */
export function readFlags(args: readonly string[]): OperatorFlags | undefined {
  const command = new Command('sluice-operator')
    .description(
      'Keeps AppDeployments, SequenceCounters and OrderBooks as their specs say. Needs a cluster: in a pod its own, elsewhere the kubeconfig.',
    )
    .addOption(
      new Option('--catalog <file>', 'image catalogue: which image runs which version')
        .env('SLUICE_CATALOG')
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--metrics-port <number>', 'port of /metrics, /healthz and /readyz')
        .env('SLUICE_METRICS_PORT')
        .default(9090)
        .argParser(port),
    )
    .addOption(
      new Option('--leader-elect', 'work only while holding the election Lease, for more than one replica')
        .env('SLUICE_LEADER_ELECT')
        .default(false),
    )
    .addOption(new Option('--namespace <name>', 'namespace of the election Lease').env('POD_NAMESPACE'))
    .addOption(new Option('--identity <name>', 'name of this process in the election').env('POD_NAME'))
    .addOption(
      new Option('--log-level <level>', 'level of the log').env('SLUICE_LOG_LEVEL').default('info').choices(logLevels),
    )
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new UsageError(error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' '));
  }
  const flags = command.opts<OperatorFlags>();
  if (flags.leaderElect && flags.namespace === undefined) {
    throw new UsageError('--leader-elect needs --namespace (or POD_NAMESPACE): where the election Lease lives');
  }
  return flags;
}

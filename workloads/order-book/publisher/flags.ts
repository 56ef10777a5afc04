import { integer, UsageError } from '@sluice/kit';
import { type Command, Option } from 'commander';
import { wrongBrokerUrl } from './broker-url.ts';
import type { PublicationOptions } from './publication.ts';

export interface PublishFlags {
  publish?: string;
  publishSubject: string;
  publishCredentials?: string;
  publishCa?: string;
  publishReplicas: number;
  publishKeep: number;
  outboxLimit: number;
  outboxKeep: number;
}

const MEBIBYTE = 1024 * 1024;
const SUBJECT = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;

/** Adds what says where trades are published. */
export function addPublishOptions(command: Command): Command {
  const option = (flags: string, about: string, env: string): Option => new Option(flags, about).env(env);
  return command
    .addOption(
      option(
        '--publish <url>',
        'broker of the trades: nats://, tls:// (NATS), redis:// or rediss://',
        'SLUICE_PUBLISH',
      ),
    )
    .addOption(
      option('--publish-subject <name>', 'subject, or key of the stream', 'SLUICE_PUBLISH_SUBJECT').default('trades'),
    )
    .addOption(
      option('--publish-credentials <file>', 'NATS credentials, or user:password', 'SLUICE_PUBLISH_CREDENTIALS'),
    )
    .addOption(option('--publish-ca <file>', 'certificates to trust, PEM', 'SLUICE_PUBLISH_CA'))
    .addOption(
      option('--publish-replicas <number>', 'copies of a new JetStream stream', 'SLUICE_PUBLISH_REPLICAS')
        .default(1)
        .argParser(integer(1, 5)),
    )
    .addOption(
      option('--publish-keep <mebibytes>', 'size of the stream at the broker', 'SLUICE_PUBLISH_KEEP')
        .default(1_024)
        .argParser(integer(1, 1_000_000)),
    )
    .addOption(
      option('--outbox-limit <mebibytes>', 'trades that may wait for the broker', 'SLUICE_OUTBOX_LIMIT')
        .default(1_024)
        .argParser(integer(1, 1_000_000)),
    )
    .addOption(
      option('--outbox-keep <mebibytes>', 'trades kept after they are published', 'SLUICE_OUTBOX_KEEP')
        .default(64)
        .argParser(integer(0, 1_000_000)),
    );
}

/** JSON of one trade takes about so many bytes at the broker. */
const PUBLISHED_TRADE_BYTES = 230;

/** What the flags ask for; undefined when they name no broker. Throws UsageError. */
export function publishFromOptions(
  flags: PublishFlags,
): Pick<PublicationOptions, 'target' | 'maxOutboxBytes' | 'keepBytes'> | undefined {
  const { publish: url, publishSubject: subject, publishKeep } = flags;
  if (url === undefined) return undefined;
  const wrong = wrongBrokerUrl(url);
  if (wrong !== undefined) throw new UsageError(`--publish: ${wrong}`);
  if (!SUBJECT.test(subject)) {
    throw new UsageError('--publish-subject must have letters, digits, "_" and "-", in parts with a "." between them');
  }
  const maxBytes = publishKeep * MEBIBYTE;
  return {
    target: {
      url,
      subject,
      credentialsFile: flags.publishCredentials,
      caFile: flags.publishCa,
      replicas: flags.publishReplicas,
      maxBytes,
      maxTrades: Math.floor(maxBytes / PUBLISHED_TRADE_BYTES),
    },
    maxOutboxBytes: flags.outboxLimit * MEBIBYTE,
    keepBytes: flags.outboxKeep * MEBIBYTE,
  };
}

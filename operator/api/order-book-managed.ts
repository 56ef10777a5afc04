import { choice, flag, integer, listOf, object, optional, text, textLike, time } from './schema.ts';
import { label, objectName } from './shared-fields.ts';

// The fields of an OrderBook that make it a managed database across members, upgrades and disasters.

const s3 = object('Bucket of an S3-compatible object store.', {
  bucket: textLike('Name of the bucket.', {
    max: 63,
    min: 3,
    expression: '^[a-z0-9][a-z0-9.-]*[a-z0-9]$',
    message: 'must be a bucket name: 3 to 63 lower-case letters, digits, "." and "-"',
  }),
  prefix: text('Prefix of all keys.', { min: 0, max: 256, default: '' }),
  endpoint: optional(
    textLike('Address of the store where it is not AWS.', {
      max: 256,
      expression: '^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$',
      message: 'must be a URL of scheme, host and port only, such as "https://minio.example:9000"',
    }),
  ),
  secretName: objectName('Secret in the same namespace with the keys accessKeyId and secretAccessKey.'),
});

const target = object(
  'Where backups are kept.',
  {
    s3: optional(s3),
    volume: optional(
      object('A volume of this cluster.', { claimName: objectName('PersistentVolumeClaim in the same namespace.') }),
    ),
  },
  { rules: [{ rule: 'has(self.s3) != has(self.volume)', message: 'must have exactly one of s3 and volume' }] },
);

const backup = object(
  'Copies of snapshot and journal, made on a schedule.',
  {
    schedule: textLike('When to back up, five cron fields in UTC.', {
      max: 128,
      expression: '^[0-9*/,-]+( [0-9A-Za-z*/,-]+){4}$',
      message: 'must be five cron fields, such as "0 * * * *" for every hour',
    }),
    target,
    retentionDays: integer('Backups older than this are deleted, 1 to 3650 days.', { min: 1, max: 3650, default: 30 }),
    verify: flag('Restore every backup into a scratch member and compare.', { default: true }),
  },
  { unbuilt: true },
);

const maintenance = object(
  'When upgrades by channel may happen.',
  {
    windows: listOf(
      object('One window.', {
        days: listOf(
          choice('Day of the week.', ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']),
          'Days on which it opens; empty: every day.',
          { max: 7, default: [] },
        ),
        startTime: textLike('When it opens, hh:mm in timeZone.', {
          max: 5,
          expression: '^([01][0-9]|2[0-3]):[0-5][0-9]$',
          message: 'must be a time of day from "00:00" to "23:59"',
        }),
        durationSeconds: integer('How long it stays open, 300 to 86400 seconds.', {
          min: 300,
          max: 86_400,
          default: 7200,
        }),
        timeZone: text('IANA time zone, such as "Europe/Amsterdam".', { max: 64, default: 'UTC' }),
      }),
      'Windows, at most 14.',
      { min: 1, max: 14 },
    ),
  },
  { unbuilt: true },
);

const recovery = object(
  'Start from the data of another book.',
  {
    orderBookName: optional(label('OrderBook in the same namespace whose backups are read.', 40)),
    target: optional(target),
    toSequence: optional(
      textLike('Last command to restore, a 64-bit decimal string; absent: the newest.', {
        max: 20,
        expression: '^[0-9]+$',
        message: 'must be a whole number in quotes',
      }),
    ),
    toTime: optional(time('Restore to this time; absent: the newest.')),
  },
  {
    rules: [
      {
        rule: 'has(self.orderBookName) != has(self.target)',
        message: 'must have exactly one of orderBookName and target: whose backups, or where they are',
      },
      {
        rule: '!(has(self.toSequence) && has(self.toTime))',
        message: 'may have at most one of toSequence and toTime',
      },
    ],
  },
);

export const managedDatabaseFields = {
  spread: optional(
    object(
      'Members on different parts of the cluster.',
      {
        topologyKey: textLike('Node label whose values tell the parts apart.', {
          max: 317,
          default: 'topology.kubernetes.io/zone',
          expression: '^([a-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$',
          message: 'must be a node label such as "topology.kubernetes.io/region"',
        }),
      },
      { unbuilt: true },
    ),
  ),
  backup: optional(backup),
  channel: optional(
    choice('Follow the newest version of this channel instead of spec.version.', ['stable', 'fast'], { unbuilt: true }),
  ),
  maintenance: optional(maintenance),
  upgrade: optional(
    choice(
      'When a version of the channel is taken: at once, in a maintenance window, or never.',
      ['Immediately', 'InWindow', 'Never'],
      { unbuilt: true },
    ),
  ),
  bootstrap: optional(
    object(
      'How a new book gets its first data.',
      { recovery },
      {
        unbuilt: true,
        rules: [{ rule: 'self == oldSelf', message: 'may not change: it is read once, when the book is made' }],
      },
    ),
  ),
  hibernation: optional(
    object(
      'Stop the pods of an idle book and keep its data.',
      {
        afterIdleSeconds: integer('Idle for so long means hibernate, 60 to 31536000 seconds.', {
          min: 60,
          max: 31_536_000,
        }),
      },
      { unbuilt: true },
    ),
  ),
};

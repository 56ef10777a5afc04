import type { KubeObject, Resource } from '@sluice/runtime';
import {
  ageColumn,
  authenticatedCondition,
  commonConditions,
  conditionColumn,
  GROUP,
  type KindDefinition,
  nameRules,
  VERSION,
} from './kind.ts';
import { choice, decimal64, flag, integer, listBy, object, optional, type Static, text, textLike } from './schema.ts';
import { auth, commonStatus, expose, label, objectName, workloadVersion } from './shared-fields.ts';

const format = object(
  'How a number is written for people.',
  {
    prefix: text('Text before the digits.', { min: 0, max: 32, default: '' }),
    padding: integer('Shortest number of digits, filled with zeros, 0 to 20.', { min: 0, max: 20, default: 0 }),
    encoding: choice('Digits of the number; Crockford32 ends in a check digit.', ['Decimal', 'Crockford32'], {
      default: 'Decimal',
    }),
    yearlyReset: optional(
      object('Start again at every new year; the prefix must then contain {year}.', {
        timeZone: textLike('IANA time zone of the new year, such as "Europe/Amsterdam".', {
          max: 64,
          expression: '^[A-Za-z]+([_/+-][A-Za-z0-9_+-]+)*$',
          message: 'must be an IANA time zone such as "Europe/Amsterdam" or "UTC"',
        }),
      }),
    ),
  },
  { unbuilt: true },
);

const MAX = Number.MAX_SAFE_INTEGER;

const counter = object(
  'One named counter.',
  {
    name: label('Name of the counter, unique in the list; clients ask for it by this name.'),
    start: integer('First number, 0 to 2^53 − 1; it may not change later.', {
      min: 0,
      max: MAX,
      default: 1,
      rules: [{ rule: 'self == oldSelf', message: 'may not change: numbers from the old start may be in use' }],
    }),
    step: integer('Distance between two numbers, 1 to 1000000; it may not change later.', {
      min: 1,
      max: 1_000_000,
      default: 1,
      rules: [{ rule: 'self == oldSelf', message: 'may not change: numbers of the old step may be in use' }],
    }),
    min: optional(integer('Smallest number after a new cycle, 0 to 2^53 − 1.', { min: 0, max: MAX, unbuilt: true })),
    max: optional(integer('Largest number, 0 to 2^53 − 1.', { min: 0, max: MAX, unbuilt: true })),
    cycle: optional(
      flag('Start again at min after max; numbers are then unique only within a cycle.', { unbuilt: true }),
    ),
    format: optional(format),
  },
  {
    rules: [
      {
        rule: '!has(self.min) || !has(self.max) || self.min < self.max',
        message: 'min must be less than max',
      },
      {
        rule: '!has(self.max) || self.start <= self.max',
        message: 'start must be at most max',
      },
    ],
  },
);

const store = object(
  'Where the ledger lives: the record of which numbers are taken.',
  {
    type: choice('Lease is an object of this cluster and needs nothing else.', ['Lease', 'Postgres', 'Redis', 'Etcd'], {
      default: 'Lease',
      unbuilt: { values: ['Postgres', 'Redis', 'Etcd'] },
    }),
    postgres: optional(
      object('Ledger in a table of a PostgreSQL database.', {
        secretName: objectName('Secret in the same namespace with the key url.'),
        table: textLike('Name of the table.', {
          max: 63,
          default: 'sluice_ledger',
          expression: '^[a-z_][a-z0-9_]*$',
          message: 'must be lower-case letters, digits and "_", starting with a letter or "_"',
        }),
      }),
    ),
    redis: optional(
      object('Ledger in a Redis stream; loses up to one second with the usual persistence.', {
        secretName: objectName('Secret in the same namespace with the key url.'),
      }),
    ),
    etcd: optional(
      object('Ledger in an etcd cluster.', {
        secretName: objectName('Secret in the same namespace with the keys endpoints, ca.crt, tls.crt and tls.key.'),
      }),
    ),
  },
  {
    default: {},
    rules: [
      {
        rule: "has(self.postgres) == (self.type == 'Postgres')",
        message: 'postgres must be given with type Postgres and only with it',
      },
      {
        rule: "has(self.redis) == (self.type == 'Redis')",
        message: 'redis must be given with type Redis and only with it',
      },
      {
        rule: "has(self.etcd) == (self.type == 'Etcd')",
        message: 'etcd must be given with type Etcd and only with it',
      },
    ],
  },
);

const spec = object(
  'What numbers are handed out, in which order, and from where.',
  {
    replicas: integer('Number of pods, 0 to 9.', { min: 0, max: 9, default: 3 }),
    ordering: choice(
      'Strict: each number is greater than all handed out before. Unique: no order between pods, survives a store outage. Confirmed and Gapless: stronger and slower.',
      ['Unique', 'Strict', 'Confirmed', 'Gapless'],
      { default: 'Strict', unbuilt: { values: ['Confirmed', 'Gapless'] } },
    ),
    version: workloadVersion(),
    store,
    counters: listBy('name', counter, 'The counters, 1 to 32; one named default where the list is absent.', {
      min: 1,
      max: 32,
      default: [{ name: 'default' }],
      rules: [
        {
          rule: 'oldSelf.all(o, self.exists(n, n.name == o.name))',
          message: 'a counter may not be removed: made again later, it would repeat its numbers',
        },
      ],
    }),
    leaseDurationSeconds: integer(
      'A holder that is silent for so long is replaced (Strict), 2 to 60 seconds; shorter is faster and more nervous.',
      { min: 2, max: 60, default: 3 },
    ),
    outageBudgetSeconds: integer(
      'Numbers kept in hand for so long without the store (Unique), 0 to 86400 seconds at the present rate.',
      { min: 0, max: 86_400, default: 600 },
    ),
    auth: optional(auth()),
    expose: optional(expose()),
  },
  {
    rules: [
      {
        rule: "!(self.ordering == 'Gapless' && self.store.type == 'Redis')",
        message: 'ordering Gapless needs store type Lease, Postgres or Etcd: Redis may lose the last second',
      },
    ],
  },
);

const status = object('What the operator last observed.', {
  ...commonStatus(),
  holder: optional(text('Pod that hands out numbers now, as pod/incarnation (Strict).', { max: 320 })),
  epoch: optional(decimal64('How many times the ledger was taken over, a 64-bit decimal string.')),
  highWater: optional(
    decimal64('No number above this has been handed out, a 64-bit decimal string; of the first counter.'),
  ),
  remaining: optional(
    decimal64('Numbers left before the counter is used up, a 64-bit decimal string; of the first counter.'),
  ),
  counters: optional(
    listBy(
      'name',
      object('One counter as its ledger has it.', {
        name: text('Name of the counter.', { max: 63 }),
        holder: optional(text('Pod that hands out its numbers (Strict).', { max: 320 })),
        epoch: optional(decimal64('How many times its ledger was taken over.')),
        highWater: decimal64('No number above this has been handed out.'),
        remaining: decimal64('Numbers left.'),
        ledgerUID: optional(text('The uid of its ledger; another one means the ledger was made again.', { max: 64 })),
      }),
      'All counters, in name order.',
      { max: 32 },
    ),
  ),
});

export type SequenceCounterSpec = Static<typeof spec>;
export type SequenceCounterStatus = Static<typeof status>;
export type SequenceCounterEntry = SequenceCounterSpec['counters'][number];

export type SequenceCounter = KubeObject & { spec: SequenceCounterSpec; status?: SequenceCounterStatus };
export const SequenceCounter: Resource<SequenceCounter> = {
  group: GROUP,
  version: VERSION,
  kind: 'SequenceCounter',
  plural: 'sequencecounters',
  namespaced: true,
};

export const sequenceCounterKind: KindDefinition<SequenceCounter> = {
  resource: SequenceCounter,
  singular: 'sequencecounter',
  shortName: 'seqc',
  description: 'A service that gives every request a number that no other request ever gets.',
  spec,
  status,
  rules: nameRules,
  conditions: {
    ...commonConditions,
    ...authenticatedCondition,
    LedgerRegressed:
      'The ledger is missing, replaced or behind this status. No numbers are handed out until somebody acts.',
  },
  columns: [
    { name: 'Ordering', type: 'string', jsonPath: '.spec.ordering', description: 'Order that is promised.' },
    conditionColumn('Ready', 'Ready', 'status'),
    { name: 'Holder', type: 'string', jsonPath: '.status.holder', description: 'Pod that hands out numbers.' },
    {
      name: 'High-Water',
      type: 'string',
      jsonPath: '.status.highWater',
      description: 'No number above this was handed out.',
    },
    ageColumn,
    { name: 'Version', type: 'string', jsonPath: '.status.version', description: 'Version that runs.', wide: true },
    { name: 'Epoch', type: 'string', jsonPath: '.status.epoch', description: 'Take-overs of the ledger.', wide: true },
    conditionColumn('Reason', 'Ready', 'reason', true),
  ],
};

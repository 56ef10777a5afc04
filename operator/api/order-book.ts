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
import { managedDatabaseFields } from './order-book-managed.ts';
import { publish } from './order-book-publish.ts';
import { accounts, symbolName, symbolRisk } from './order-book-risk.ts';
import {
  choice,
  decimal64,
  flag,
  integer,
  listBy,
  object,
  optional,
  type Static,
  text,
  textLike,
  time,
} from './schema.ts';
import { auth, commonStatus, objectName, workloadVersion } from './shared-fields.ts';

const POSITIVE_DECIMAL = '^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,9})?$';

/** A positive decimal string with at most nine digits on each side of the point; it may not change later. */
function increment(description: string, frozen: string) {
  return textLike(description, {
    max: 19,
    expression: POSITIVE_DECIMAL,
    message:
      'must be a positive decimal number in quotes with at most 9 digits on each side of the point, such as "0.01"',
    rules: [
      { rule: "self.matches('[1-9]')", message: 'must be greater than zero, such as "0.01"' },
      { rule: 'self == oldSelf', message: `may not change: ${frozen}` },
    ],
  });
}

const symbol = object('One thing that is traded.', {
  name: symbolName('Name of the symbol, unique in the list.'),
  tickSize: increment(
    'Smallest step of a price, a positive decimal string; it may not change later.',
    'resting orders and the journal hold prices in the old ticks',
  ),
  lotSize: increment(
    'Smallest step of a quantity, a positive decimal string; it may not change later.',
    'resting orders and the journal hold quantities in the old lots',
  ),
  risk: optional(symbolRisk),
});

const journal = object(
  'The log that holds every command before it is acknowledged.',
  {
    type: optional(
      choice(
        'File is on the volume of the one member; JetStream is a replicated stream. Absent: by replicas.',
        ['File', 'JetStream'],
        { unbuilt: { values: ['JetStream'] } },
      ),
    ),
    fsync: choice(
      'When the journal is forced to disk: after every batch, before its acknowledgements.',
      ['EveryBatch'],
      {
        default: 'EveryBatch',
      },
    ),
    snapshotEvery: optional(
      integer('A start replays at most about so many commands, 1000 to 1000000000; absent: the program decides.', {
        min: 1000,
        max: 1_000_000_000,
      }),
    ),
  },
  { default: {} },
);

const storage = object(
  'The volume of each member.',
  {
    size: text('Size of the volume as a Kubernetes quantity, 100Mi to 64Ti; it may grow, never shrink.', {
      max: 20,
      default: '1Gi',
      rules: [
        {
          rule: "isQuantity(self) && quantity(self).compareTo(quantity('100Mi')) >= 0 && quantity(self).compareTo(quantity('64Ti')) <= 0",
          message: 'must be a Kubernetes quantity from "100Mi" to "64Ti", such as "10Gi"',
        },
        {
          rule: '!isQuantity(self) || !isQuantity(oldSelf) || quantity(self).compareTo(quantity(oldSelf)) >= 0',
          message: 'may not shrink: a volume can only grow',
        },
      ],
    }),
    storageClassName: optional(objectName('StorageClass of the volume; absent: the default of the cluster.')),
  },
  {
    default: {},
    rules: [
      {
        rule: 'has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)',
        message: 'storageClassName may not change: the data would stay on the old volume',
      },
    ],
  },
);

const limits = object(
  'What accounts may do, each and together.',
  {
    maxOrdersPerAccount: integer('Open orders of one account, 1 to 1000000.', {
      min: 1,
      max: 1_000_000,
      default: 10_000,
    }),
    ordersPerSecondPerAccount: integer('Commands of one account per second, 1 to 1000000.', {
      min: 1,
      max: 1_000_000,
      default: 1000,
    }),
    maxOpenOrders: integer(
      'Open orders of all accounts together, 1 to 10000000; the memory that the pod may use grows with it.',
      { min: 1, max: 10_000_000, default: 250_000 },
    ),
    maxPending: integer('Commands that may wait for the disk, 1 to 1000000.', {
      min: 1,
      max: 1_000_000,
      default: 10_000,
    }),
  },
  { default: {} },
);

const binary = object('The binary port, for clients that send more than HTTP can carry. It has no TLS.', {
  port: integer('Port of the Service, 1 to 65535.', {
    min: 1,
    max: 65_535,
    default: 8090,
    rules: [{ rule: 'self != 8080', message: 'must not be 8080: that is the HTTP port of the Service' }],
  }),
});

/** What Binance-shaped clients call a symbol; the program does not start when two have one name. */
const BINANCE_NAME = ".name.replace('-', '').replace('.', '').replace('_', '')";

const spec = object(
  'What is traded and how the data is kept.',
  {
    symbols: listBy('name', symbol, 'Symbols of the book, 1 to 256; more may be added, none removed.', {
      min: 1,
      max: 256,
      rules: [
        {
          rule: 'oldSelf.all(o, self.exists(n, n.name == o.name))',
          message: 'a symbol may not be removed: the journal holds its orders and trades',
        },
        {
          rule: `self.map(a, a${BINANCE_NAME}).all(n, self.exists_one(b, b${BINANCE_NAME} == n))`,
          message: 'two symbols may not differ in "-", "." and "_" alone: Binance-shaped clients leave these out',
        },
      ],
    }),
    version: workloadVersion(),
    replicas: integer('Number of members, 1 to 9.', { min: 1, max: 9, default: 1, unbuilt: { above: 1 } }),
    journal,
    storage,
    limits,
    accounts: optional(accounts),
    binary: optional(binary),
    publish: optional(publish),
    auth: optional(auth()),
    deletionPolicy: choice(
      'What deleting this resource does to its volumes: Retain keeps them, Delete destroys all orders and trades.',
      ['Retain', 'Delete'],
      { default: 'Retain' },
    ),
    ...managedDatabaseFields,
  },
  {
    rules: [
      {
        rule: "self.replicas == 1 || !has(self.journal.type) || self.journal.type != 'File'",
        message: 'journal.type File requires replicas 1: with more members use journal.type JetStream, or leave it out',
      },
      {
        rule: '!has(self.spread) || self.replicas > 1',
        message: 'spread needs replicas of at least 2',
      },
      {
        rule: '!has(self.publish) || !isQuantity(self.publish.outboxSize) || !isQuantity(self.storage.size) || quantity(self.publish.outboxSize).add(quantity(self.publish.outboxSize)).compareTo(quantity(self.storage.size)) <= 0',
        message: 'publish.outboxSize must be at most half of storage.size: the journal is on the same volume',
      },
    ],
  },
);

const status = object('What the operator last observed.', {
  ...commonStatus(),
  leader: optional(text('Member that takes orders now.', { max: 253 })),
  epoch: optional(decimal64('How many times a leader took over, a 64-bit decimal string.')),
  sequence: optional(decimal64('Last acknowledged command, a 64-bit decimal string.')),
  lag: optional(decimal64('Commands that the slowest member is behind, a 64-bit decimal string.')),
  tradesWaiting: optional(
    decimal64('Trades that the broker has not acknowledged yet, a 64-bit decimal string; with spec.publish.'),
  ),
  members: optional(
    listBy(
      'name',
      object('One member.', {
        name: text('Name of its pod.', { max: 253 }),
        role: choice('What it does.', ['Leader', 'Follower', 'Starting', 'Unknown']),
        ready: flag('Whether it serves.'),
        version: optional(text('Version it runs.', { max: 63 })),
        sequence: optional(decimal64('Last command it has in its journal.')),
        lag: optional(decimal64('Commands it is behind the leader.')),
        node: optional(text('Node it runs on.', { max: 253 })),
        region: optional(text('Region of that node.', { max: 63 })),
      }),
      'All members, in name order.',
      { max: 9 },
    ),
  ),
  lastBackupTime: optional(time('When the latest backup was completed.')),
  lastVerifiedRestoreTime: optional(time('When a backup was last restored and compared.')),
});

export type OrderBookSpec = Static<typeof spec>;
export type OrderBookStatus = Static<typeof status>;
export type OrderBookSymbol = OrderBookSpec['symbols'][number];
export type OrderBookAccount = NonNullable<OrderBookSpec['accounts']>[number];
export type OrderBookMember = NonNullable<OrderBookStatus['members']>[number];

export type OrderBook = KubeObject & { spec: OrderBookSpec; status?: OrderBookStatus };
export const OrderBook: Resource<OrderBook> = {
  group: GROUP,
  version: VERSION,
  kind: 'OrderBook',
  plural: 'orderbooks',
  namespaced: true,
};

export const orderBookKind: KindDefinition<OrderBook> = {
  resource: OrderBook,
  singular: 'orderbook',
  shortName: 'ob',
  description: 'A price-time-priority matching engine run as a managed database: journal before acknowledgement.',
  spec,
  status,
  rules: nameRules,
  conditions: {
    ...commonConditions,
    ...authenticatedCondition,
    Published: 'The broker takes the trades. Only with spec.publish; while it is False, trades wait on the volume.',
    VolumeSized: 'The volumes have the size that the spec asks for.',
  },
  columns: [
    { name: 'Version', type: 'string', jsonPath: '.status.version', description: 'Version that runs.' },
    conditionColumn('Ready', 'Ready', 'status'),
    { name: 'Leader', type: 'string', jsonPath: '.status.leader', description: 'Member that takes orders.' },
    { name: 'Sequence', type: 'string', jsonPath: '.status.sequence', description: 'Last acknowledged command.' },
    { name: 'Lag', type: 'string', jsonPath: '.status.lag', description: 'Commands the slowest member is behind.' },
    { name: 'Backup', type: 'date', jsonPath: '.status.lastBackupTime', description: 'Time since the latest backup.' },
    ageColumn,
    { name: 'Epoch', type: 'string', jsonPath: '.status.epoch', description: 'Take-overs by a leader.', wide: true },
    conditionColumn('Published', 'Published', 'status', true),
    conditionColumn('Reason', 'Ready', 'reason', true),
  ],
};

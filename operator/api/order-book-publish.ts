import { choice, integer, listOf, object, optional, type Rule, type Static, text, textLike } from './schema.ts';
import { objectName } from './shared-fields.ts';

// Where the trades of an OrderBook go.

const HOST = '[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?';
/** 1 to 65535: the program does not start with another one. */
const PORT = '(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})';

const address = textLike('Address of a server: scheme, host and port.', {
  max: 270,
  expression: `^(nats|tls|redis|rediss)://${HOST}(:${PORT})?$`,
  message:
    'must be nats://, tls:// (NATS with TLS), redis:// or rediss:// (Redis with TLS) with host and port, such as "nats://nats.brokers:4222"; a user and password belong into credentials',
});

/** One key of a Secret in the same namespace. */
function secretKey(description: string, key: string) {
  return object(description, {
    secretName: objectName('Secret in the same namespace.'),
    key: textLike('Key of the Secret.', {
      max: 253,
      default: key,
      expression: '^[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*$',
      message: 'must be a key of a Secret: letters, digits, "-", "_" and "."',
    }),
  });
}

function size(description: string, options: { readonly default: string; readonly max: string }) {
  return text(description, {
    max: 20,
    default: options.default,
    rules: [
      {
        rule: `isQuantity(self) && quantity(self).compareTo(quantity('1Mi')) >= 0 && quantity(self).compareTo(quantity('${options.max}')) <= 0`,
        message: `must be a Kubernetes quantity from "1Mi" to "${options.max}", such as "${options.default}"`,
      },
    ],
  });
}

const rules: readonly Rule[] = [
  {
    rule: "self.type != 'JetStream' || self.addresses.all(a, a.startsWith('nats://')) || self.addresses.all(a, a.startsWith('tls://'))",
    message: 'type JetStream needs addresses that all begin with nats://, or all with tls:// (NATS with TLS)',
  },
  {
    rule: "self.type != 'Redis' || (self.addresses.size() == 1 && self.addresses[0].startsWith('redis'))",
    message: 'type Redis needs one address, with redis:// or rediss:// (Redis with TLS)',
  },
  {
    rule: "!has(self.ca) || self.addresses.all(a, a.startsWith('tls://') || a.startsWith('rediss://'))",
    message: 'ca needs addresses with tls:// or rediss://: without TLS there is no certificate to check',
  },
  {
    rule: "self.stream.replicas == 1 || self.type == 'JetStream'",
    message: 'stream.replicas above 1 needs type JetStream',
  },
];

export const publish = object(
  'Where trades are published, each exactly once. They wait on the volume while the broker is away.',
  {
    type: choice('Kind of message broker.', ['JetStream', 'Redis'], { default: 'JetStream' }),
    addresses: listOf(address, 'Servers of the broker, 1 to 9; several are those of one NATS cluster.', {
      min: 1,
      max: 9,
    }),
    subject: textLike('Subject of NATS or key of Redis that trades are published to; each book needs its own.', {
      max: 128,
      expression: '^[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*$',
      message: 'must be words of letters, digits, "_" and "-" joined by ".", such as "trades.spot"',
    }),
    credentials: optional(
      secretKey('NATS credentials, or user:password; absent: the broker asks for none.', 'credentials'),
    ),
    ca: optional(secretKey('Certificates (PEM) to trust instead of the system’s.', 'ca.crt')),
    stream: object(
      'The stream that the book makes where there is none.',
      {
        replicas: integer('Copies in a NATS cluster, 1 to 5.', { min: 1, max: 5, default: 1 }),
        size: size('What it keeps, oldest trades first to go.', { default: '1Gi', max: '900Gi' }),
      },
      { default: {} },
    ),
    outboxSize: size(
      'Trades on the volume that may wait for the broker, at most half of storage.size; beyond it new orders are refused.',
      { default: '256Mi', max: '900Gi' },
    ),
  },
  { rules },
);

export type Publish = Static<typeof publish>;

import { type Refusal, refusalsOf } from './refusals.ts';

const symbol = { name: 'BTC-EUR', tickSize: '0.01', lotSize: '0.0001' };
const { create, update, named } = refusalsOf('OrderBook', { symbols: [symbol] });

const s3 = { bucket: 'books', secretName: 'books-s3' };
const backup = (change: object) => ({ backup: { schedule: '0 * * * *', target: { s3 }, ...change } });
const window = { startTime: '02:00' };
const nats = { addresses: ['nats://nats.brokers:4222'], subject: 'trades.spot' };
const publish = (change: object) => ({ publish: { ...nats, ...change } });
const risk = (limits: object) => ({ symbols: [{ ...symbol, risk: limits }] });

export const orderBookRefusals: readonly Refusal[] = [
  create('no symbols', { symbols: undefined }, 'spec.symbols: Required value'),
  create('an empty list of symbols', { symbols: [] }, 'spec.symbols in body should have at least 1 items'),
  create('one symbol twice', { symbols: [symbol, symbol] }, 'spec.symbols[1]: Duplicate value: {"name":"BTC-EUR"}'),
  create('a symbol in lower case', { symbols: [{ ...symbol, name: 'btc' }] }, 'must be upper-case letters and digits'),
  create(
    'a symbol with a slash',
    { symbols: [{ ...symbol, name: 'BTC/EUR' }] },
    'must be upper-case letters and digits',
  ),
  create(
    'a symbol without a tick',
    { symbols: [{ ...symbol, tickSize: undefined }] },
    'spec.symbols[0].tickSize: Required value',
  ),
  create('a tick of zero', { symbols: [{ ...symbol, tickSize: '0.00' }] }, 'must be greater than zero'),
  create(
    'a negative tick',
    { symbols: [{ ...symbol, tickSize: '-0.01' }] },
    'must be a positive decimal number in quotes',
  ),
  create(
    'a tick in exponent form',
    { symbols: [{ ...symbol, tickSize: '1e-2' }] },
    'must be a positive decimal number in quotes',
  ),
  create('a tick that is a number', { symbols: [{ ...symbol, tickSize: 0.01 }] }, 'must be of type string'),
  create('a lot of zero', { symbols: [{ ...symbol, lotSize: '0' }] }, 'must be greater than zero'),
  create(
    'a lot with ten decimals',
    { symbols: [{ ...symbol, lotSize: '0.0000000001' }] },
    'at most 9 digits on each side',
  ),
  create('no members', { replicas: 0 }, 'should be greater than or equal to 1'),
  create('ten members', { replicas: 10 }, 'should be less than or equal to 9'),
  create(
    'a file journal for three members',
    { replicas: 3, journal: { type: 'File' } },
    'journal.type File requires replicas 1',
  ),
  create('an unknown journal', { journal: { type: 'Kafka' } }, 'supported values: "File", "JetStream"'),
  create('a journal that is not forced to disk', { journal: { fsync: 'Never' } }, 'supported values: "EveryBatch"'),
  create('a version that is none', { version: 'v1' }, 'must be a version such as "1.0.0"'),
  create('a size in words', { storage: { size: 'big' } }, 'must be a Kubernetes quantity from "100Mi" to "64Ti"'),
  create('a size of 1 MiB', { storage: { size: '1Mi' } }, 'must be a Kubernetes quantity from "100Mi" to "64Ti"'),
  create('a size of a petabyte', { storage: { size: '1Pi' } }, 'must be a Kubernetes quantity from "100Mi" to "64Ti"'),
  create('no open orders', { limits: { maxOrdersPerAccount: 0 } }, 'should be greater than or equal to 1'),
  create(
    'too high a rate',
    { limits: { ordersPerSecondPerAccount: 2_000_000 } },
    'should be less than or equal to 1000000',
  ),
  create('an unknown deletion policy', { deletionPolicy: 'Keep' }, 'supported values: "Retain", "Delete"'),
  create('spread of a single member', { spread: {} }, 'spread needs replicas of at least 2'),
  create('a subject with a space', publish({ subject: 'trades spot' }), 'must be words of letters, digits'),
  create('a broker without an address', publish({ addresses: undefined }), 'spec.publish.addresses: Required value'),
  create('an empty list of addresses', publish({ addresses: [] }), 'should have at least 1 items'),
  create('no subject', publish({ subject: undefined }), 'spec.publish.subject: Required value'),
  create(
    'an address without a scheme',
    publish({ addresses: ['nats:4222'] }),
    'must be nats://, tls:// (NATS with TLS)',
  ),
  create(
    'a port beyond the last',
    publish({ addresses: ['nats://a:65536'] }),
    'must be nats://, tls:// (NATS with TLS)',
  ),
  create(
    'a password in an address',
    publish({ addresses: ['nats://book:secret@nats:4222'] }),
    'a user and password belong into credentials',
  ),
  create('another broker', publish({ type: 'Kafka' }), 'supported values: "JetStream", "Redis"'),
  create('Redis at an address of NATS', publish({ type: 'Redis' }), 'type Redis needs one address, with redis://'),
  create(
    'two servers of Redis',
    publish({ type: 'Redis', addresses: ['redis://a', 'redis://b'] }),
    'type Redis needs one address',
  ),
  create(
    'one server of NATS with TLS, one without',
    publish({ addresses: ['nats://a', 'tls://b'] }),
    'type JetStream needs addresses that all begin with nats://',
  ),
  create('certificates without TLS', publish({ ca: { secretName: 'broker' } }), 'ca needs addresses with tls://'),
  create(
    'a Secret with a slash',
    publish({ credentials: { secretName: 'other/broker' } }),
    'must be the name of an object',
  ),
  create(
    'a key with a slash',
    publish({ credentials: { secretName: 'broker', key: '../token' } }),
    'must be a key of a Secret',
  ),
  create(
    'copies in Redis',
    publish({ type: 'Redis', addresses: ['redis://a'], stream: { replicas: 3 } }),
    'stream.replicas above 1 needs type JetStream',
  ),
  create('a stream of a few bytes', publish({ stream: { size: '10' } }), 'must be a Kubernetes quantity from "1Mi"'),
  create(
    'an outbox that fills the volume',
    publish({ outboxSize: '600Mi' }),
    'publish.outboxSize must be at most half of storage.size',
  ),
  create('the binary port on that of HTTP', { binary: { port: 8080 } }, 'must not be 8080'),
  create(
    'more open orders than the program holds',
    { limits: { maxOpenOrders: 2e7 } },
    'less than or equal to 10000000',
  ),
  create('nothing may wait for the disk', { limits: { maxPending: 0 } }, 'should be greater than or equal to 1'),
  create('a snapshot after each command', { journal: { snapshotEvery: 1 } }, 'should be greater than or equal to 1000'),
  create('a limit of zero', risk({ maxQuantity: '0.0' }), 'must be greater than zero; leave it out for no limit'),
  create('a limit in exponent form', risk({ maxNotional: '1e6' }), 'must be a decimal number in quotes'),
  create('a limit that is a number', risk({ maxOpenNotional: 5 }), 'must be of type string'),
  create('a distance without a sign', risk({ maxPriceDistance: '5' }), 'must be a percentage in quotes'),
  create('a distance of nothing', risk({ maxPriceDistance: '0.00%' }), 'must be greater than zero'),
  create(
    'one account twice',
    { accounts: [{ name: 'a' }, { name: 'a' }] },
    'spec.accounts[1]: Duplicate value: {"name":"a"}',
  ),
  create('an account with a space', { accounts: [{ name: 'a b' }] }, 'must be the name of an account'),
  create(
    'one symbol of an account twice',
    { accounts: [{ name: 'a', risk: [{ symbol: 'BTC-EUR' }, { symbol: 'BTC-EUR' }] }] },
    'Duplicate value: {"symbol":"BTC-EUR"}',
  ),
  create(
    'symbols that are one for a client',
    { symbols: [symbol, { ...symbol, name: 'BTC.EUR' }] },
    'two symbols may not differ in "-", "." and "_" alone',
  ),
  create('a backup every now and then', backup({ schedule: 'hourly' }), 'must be five cron fields'),
  create('a backup to nowhere', backup({ target: {} }), 'must have exactly one of s3 and volume'),
  create('a bucket in capitals', backup({ target: { s3: { ...s3, bucket: 'Books' } } }), 'must be a bucket name'),
  create('a retention of 0 days', backup({ retentionDays: 0 }), 'should be greater than or equal to 1'),
  create(
    'a window at 25:00',
    { maintenance: { windows: [{ startTime: '25:00' }] } },
    'must be a time of day from "00:00"',
  ),
  create(
    'a window of 1 s',
    { maintenance: { windows: [{ ...window, durationSeconds: 1 }] } },
    'should be greater than or equal to 300',
  ),
  create('an unknown channel', { channel: 'beta' }, 'supported values: "stable", "fast"'),
  create(
    'a recovery from nowhere',
    { bootstrap: { recovery: {} } },
    'must have exactly one of orderBookName and target',
  ),
  create(
    'a recovery to two points',
    { bootstrap: { recovery: { orderBookName: 'old', toSequence: '1', toTime: '2026-11-21T09:00:00Z' } } },
    'may have at most one of toSequence and toTime',
  ),
  create(
    'keys over plain http',
    { auth: { jwt: { issuer: 'a', audience: 'b', jwksURL: 'http://a.example' } } },
    'must be an https:// URL',
  ),
  update('the volume shrinks', { storage: { size: '2Gi' } }, { storage: { size: '2000Mi' } }, 'may not shrink'),
  update(
    'the storage class changes',
    { storage: { storageClassName: 'fast' } },
    { storage: { storageClassName: 'slow' } },
    'storageClassName may not change',
  ),
  update(
    'a tick changes',
    { symbols: [symbol] },
    { symbols: [{ ...symbol, tickSize: '0.1' }] },
    'may not change: resting orders and the journal hold prices in the old ticks',
  ),
  update(
    'a lot changes',
    { symbols: [symbol] },
    { symbols: [{ ...symbol, lotSize: '0.1' }] },
    'may not change: resting orders and the journal hold quantities in the old lots',
  ),
  update(
    'a symbol is removed',
    { symbols: [symbol, { ...symbol, name: 'ETH-EUR' }] },
    { symbols: [symbol] },
    'a symbol may not be removed',
  ),
  named('a name that starts with a digit', '1-book', 'starting with a letter'),
];

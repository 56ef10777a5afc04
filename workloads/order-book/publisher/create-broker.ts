import type { Broker, BrokerOptions } from './broker.ts';
import { type BrokerKind, brokerKind } from './broker-url.ts';
import { createJetStream } from './jetstream.ts';
import { createRedis } from './redis.ts';

/** What a broker is made from, as data that a thread can be given. */
export interface BrokerTarget extends Omit<BrokerOptions, 'url' | 'hosts'> {
  readonly url: string;
}

const MAKERS: Readonly<Record<BrokerKind, (options: BrokerOptions) => Broker>> = {
  nats: createJetStream,
  redis: createRedis,
};

/** The broker at `target.url`, which `wrongBrokerUrl` finds nothing wrong with. */
export function createBroker(target: BrokerTarget): Broker {
  const urls = target.url.split(',').map((text) => new URL(text));
  const [url] = urls;
  const kind = url === undefined ? undefined : brokerKind(url);
  if (url === undefined || kind === undefined) throw new Error('a URL that was not checked');
  return MAKERS[kind]({ ...target, url, hosts: urls.map(({ host }) => host) });
}

import type { Broker, BrokerOptions } from './broker.ts';
import { createJetStream } from './jetstream.ts';
import { createRedis } from './redis.ts';

/** What a broker is made from, as data that a thread can be given. */
export interface BrokerTarget extends Omit<BrokerOptions, 'url'> {
  readonly url: string;
}

const MAKERS: Readonly<Record<string, (options: BrokerOptions) => Broker>> = {
  'nats:': createJetStream,
  'tls:': createJetStream,
  'redis:': createRedis,
  'rediss:': createRedis,
};

/** Why `url` names no broker, undefined when it does. */
export function wrongBrokerUrl(url: string): string | undefined {
  if (!URL.canParse(url)) return `${JSON.stringify(url)} is not a URL`;
  const { protocol, hostname } = new URL(url);
  if (MAKERS[protocol] === undefined)
    return `${protocol}// is no broker: give nats://, tls:// (NATS), redis:// or rediss://`;
  return hostname === '' ? `${JSON.stringify(url)} names no host` : undefined;
}

/** The broker at `target.url`, which `wrongBrokerUrl` finds nothing wrong with. */
export function createBroker(target: BrokerTarget): Broker {
  const url = new URL(target.url);
  const make = MAKERS[url.protocol];
  if (make === undefined) throw new Error(`no broker for ${url.protocol}`);
  return make({ ...target, url });
}

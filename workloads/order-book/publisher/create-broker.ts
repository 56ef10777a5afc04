import type { Broker, BrokerOptions } from './broker.ts';
import { createJetStream } from './jetstream.ts';
import { createRedis } from './redis.ts';

/** What a broker is made from, as data that a thread can be given. */
export interface BrokerTarget extends Omit<BrokerOptions, 'url' | 'hosts'> {
  readonly url: string;
}

const MAKERS: Readonly<Record<string, (options: BrokerOptions) => Broker>> = {
  'nats:': createJetStream,
  'tls:': createJetStream,
  'redis:': createRedis,
  'rediss:': createRedis,
};

/** Why `text` names no broker, undefined when it does. Several servers of one NATS cluster stand with commas between them. */
export function wrongBrokerUrl(text: string): string | undefined {
  const urls = text.split(',');
  for (const url of urls) {
    if (!URL.canParse(url)) return `${JSON.stringify(url)} is not a URL`;
    const { protocol, hostname } = new URL(url);
    if (MAKERS[protocol] === undefined) {
      return `${protocol}// is no broker: give nats://, tls:// (NATS), redis:// or rediss://`;
    }
    if (hostname === '') return `${JSON.stringify(url)} names no host`;
    if (urls.length > 1 && protocol !== 'nats:' && protocol !== 'tls:') return 'only NATS takes several servers';
  }
  return undefined;
}

/** The broker at `target.url`, which `wrongBrokerUrl` finds nothing wrong with. */
export function createBroker(target: BrokerTarget): Broker {
  const urls = target.url.split(',').map((text) => new URL(text));
  const [url] = urls;
  const make = MAKERS[url?.protocol ?? ''];
  if (url === undefined || make === undefined) throw new Error('a URL that was not checked');
  return make({ ...target, url, hosts: urls.map(({ host }) => host) });
}

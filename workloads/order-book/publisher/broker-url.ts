export type BrokerKind = 'nats' | 'redis';

const KINDS: Readonly<Record<string, BrokerKind>> = {
  'nats:': 'nats',
  'tls:': 'nats',
  'redis:': 'redis',
  'rediss:': 'redis',
};

export function brokerKind({ protocol }: URL): BrokerKind | undefined {
  return KINDS[protocol];
}

/** Why `text` names no broker, undefined when it does. Several servers of one NATS cluster stand with commas between them. */
export function wrongBrokerUrl(text: string): string | undefined {
  const urls = text.split(',');
  for (const part of urls) {
    if (!URL.canParse(part)) return `${JSON.stringify(part)} is not a URL`;
    const url = new URL(part);
    const kind = brokerKind(url);
    if (kind === undefined) {
      return `${url.protocol}// is no broker: give nats://, tls:// (NATS), redis:// or rediss://`;
    }
    if (url.hostname === '') return `${JSON.stringify(part)} names no host`;
    if (urls.length > 1 && kind !== 'nats') return 'only NATS takes several servers';
  }
  return undefined;
}

import { readFile } from 'node:fs/promises';
import { type Clock, systemClock } from '../clock.ts';
import { remembered } from './remembered.ts';

/** What a connection to one cluster needs: where it is, whom to trust, who we are. */
export interface Credentials {
  /** `https://host:port`, without a path. */
  readonly server: string;
  /** TLS material for the next connection, read anew each time: certificates are rotated under our feet. */
  tls(): Promise<TlsMaterial>;
  /** Value of the authorization header for the next request; undefined with a client certificate. */
  authorization(): Promise<string | undefined>;
  /** The server did not accept what `authorization` gave: the next one must not come from memory. */
  renew?(): void;
}

export interface TlsMaterial {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';

/** A projected token is replaced when four fifths of its life are over, mostly about every hour. */
const TOKEN_MS = 10_000;

/** Credentials of the pod this process runs in. Throws when it runs in none. */
export function inClusterCredentials(
  env: NodeJS.ProcessEnv = process.env,
  folder = serviceAccount,
  clock: Clock = systemClock,
): Credentials {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  if (host === undefined) throw new Error('not in a cluster: KUBERNETES_SERVICE_HOST is not set');
  const token = remembered(clock, TOKEN_MS, async () => (await readFile(`${folder}/token`, 'utf8')).trim());
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    tls: async () => ({ ca: await readFile(`${folder}/ca.crt`) }),
    authorization: async () => `Bearer ${await token.get()}`,
    renew: token.forget,
  };
}

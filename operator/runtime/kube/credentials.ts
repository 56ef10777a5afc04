import { readFile, stat } from 'node:fs/promises';

/** What a connection to one cluster needs: where it is, whom to trust, who we are. */
export interface Credentials {
  /** `https://host:port`, without a path. */
  readonly server: string;
  /** TLS material for the next connection, read anew each time: certificates are rotated under our feet. */
  tls(): Promise<{
    ca?: string | Buffer;
    cert?: string | Buffer;
    key?: string | Buffer;
    servername?: string;
    rejectUnauthorized?: boolean;
  }>;
  /** Value of the authorization header for the next request; undefined with a client certificate. */
  authorization(): Promise<string | undefined>;
}

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Reads a file again only when its modification time changed. A projected token is replaced about every hour. */
function cachedFile(path: string): () => Promise<string> {
  let text = '';
  let readAt = -1;
  return async () => {
    const { mtimeMs } = await stat(path);
    if (mtimeMs !== readAt) {
      text = (await readFile(path, 'utf8')).trim();
      readAt = mtimeMs;
    }
    return text;
  };
}

/** Credentials of the pod this process runs in. Throws when it runs in none. */
export function inClusterCredentials(env: NodeJS.ProcessEnv = process.env, folder = serviceAccount): Credentials {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  if (host === undefined) throw new Error('not in a cluster: KUBERNETES_SERVICE_HOST is not set');
  const token = cachedFile(`${folder}/token`);
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    tls: async () => ({ ca: await readFile(`${folder}/ca.crt`) }),
    authorization: async () => `Bearer ${await token()}`,
  };
}

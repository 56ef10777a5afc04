import type { RequestOptions } from 'node:https';
import type { Credentials } from './credentials.ts';

export interface KubeconfigOptions {
  /** Default: `$KUBECONFIG`, then `~/.kube/config`. */
  readonly path?: string;
  /** Default: the current context. */
  readonly context?: string;
}

/**
 * Credentials of a kubeconfig: tokens, client certificates, exec plugins and OIDC as @kubernetes/client-node knows them.
 * It is imported only here and only when needed, since it costs 87 MB of memory that a pod in a cluster can do without.
 */
export async function kubeconfigCredentials({ path, context }: KubeconfigOptions = {}): Promise<Credentials> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  if (path === undefined) config.loadFromDefault();
  else config.loadFromFile(path);
  if (context !== undefined) config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new Error(`kubeconfig ${path ?? '(default)'} has no context ${context ?? config.getCurrentContext() ?? ''}`);
  }
  const user = config.getCurrentUser();
  if (user?.impersonateUser !== undefined) throw new Error('kubeconfig: impersonation is not supported');
  const asksPlugin = user?.exec !== undefined || user?.authProvider !== undefined;
  const options = async (): Promise<RequestOptions> => {
    const filled: RequestOptions = {};
    await config.applyToHTTPSOptions(filled);
    return filled;
  };
  return {
    server: cluster.server.replace(/\/$/, ''),
    tls: async () => {
      const { ca, cert, key, servername, rejectUnauthorized } = (await options()) as Record<string, never>;
      return dropUndefined({ ca, cert, key, servername, rejectUnauthorized });
    },
    authorization: async () => {
      // client-node makes an agent and reads the certificate files each time it is asked, so only plugins are asked.
      if (user?.token !== undefined) return `Bearer ${user.token}`;
      if (!asksPlugin) return undefined;
      const { headers } = await options();
      const value = (headers as Record<string, unknown> | undefined)?.Authorization;
      return typeof value === 'string' ? value : undefined;
    },
  };
}

function dropUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as never;
}

import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { type Clock, systemClock } from '../clock.ts';
import type { Credentials, TlsMaterial } from './credentials.ts';
import { remembered } from './remembered.ts';

export interface KubeconfigOptions {
  /** Default: `$KUBECONFIG`, then `~/.kube/config`. */
  readonly path?: string;
  /** Default: the current context. */
  readonly context?: string;
}

/** How long it may take until a token that was replaced, in the file or by a plugin, is used. */
const TOKEN_MS = 10_000;

/**
 * Credentials of a kubeconfig: tokens, client certificates, exec plugins and OIDC as @kubernetes/client-node knows them.
 * It is imported only here and only when needed, since it costs 87 MB of memory that a pod in a cluster can do without.
 * Files that change are read again, the kubeconfig itself included; the server is the one of the start.
 */
export async function kubeconfigCredentials(
  { path, context }: KubeconfigOptions = {},
  clock: Clock = systemClock,
): Promise<Credentials> {
  return credentialsOf(reloading(await loader(path, context), path), clock);
}

/** Credentials of a configuration that somebody else has loaded. Rejects when its current context does not exist. */
export async function configCredentials(config: KubeConfig, clock: Clock = systemClock): Promise<Credentials> {
  const loaded = checked(config, `the kubeconfig has no context ${config.getCurrentContext() ?? ''}`);
  return credentialsOf(async () => loaded, clock);
}

async function credentialsOf(current: () => Promise<Loaded>, clock: Clock): Promise<Credentials> {
  const { server } = await current();
  const filled = async (): Promise<Filled> => {
    const { config } = await current();
    const options: RequestOptions = { headers: {} };
    await config.applyToHTTPSOptions(options);
    return options as Filled;
  };
  // client-node reads the certificate files and makes an agent each time it is asked: too much for every request.
  const authorization = remembered(clock, TOKEN_MS, async () => {
    const value = ((await filled()).headers as Record<string, unknown> | undefined)?.Authorization;
    // A token that was read from a file ends with the newline of the file.
    return typeof value === 'string' ? value.trim() : undefined;
  });
  return {
    server,
    tls: async () => {
      const { ca, cert, key, servername, rejectUnauthorized } = await filled();
      return dropUndefined({ ca, cert, key, servername, rejectUnauthorized });
    },
    authorization: authorization.get,
    renew: authorization.forget,
  };
}

/** What client-node puts into the options of a request. */
type Filled = Pick<RequestOptions, 'headers'> & { [K in keyof TlsMaterial]?: TlsMaterial[K] | undefined };

interface Loaded {
  readonly config: KubeConfig;
  readonly server: string;
}

async function loader(path: string | undefined, context: string | undefined): Promise<() => Loaded> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  return () => {
    const config = new KubeConfig();
    if (path === undefined) config.loadFromDefault();
    else config.loadFromFile(path);
    if (context !== undefined) config.setCurrentContext(context);
    return checked(
      config,
      `kubeconfig ${path ?? '(default)'} has no context ${context ?? config.getCurrentContext() ?? ''}`,
    );
  };
}

function checked(config: KubeConfig, otherwise: string): Loaded {
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(otherwise);
  if (config.getCurrentUser()?.impersonateUser !== undefined) {
    throw new Error('kubeconfig: impersonation is not supported');
  }
  return { config, server: cluster.server.replace(/\/$/, '') };
}

/**
 * Loads again each time it is asked, but with a plugin only when the text of the files has changed: client-node keeps what
 * plugins said with the loaded configuration. A file that cannot be read, or names no user any more, is being written:
 * what was loaded last counts.
 */
function reloading(load: () => Loaded, path: string | undefined): () => Promise<Loaded> {
  const { KUBECONFIG } = process.env;
  const named = path === undefined ? KUBECONFIG?.split(delimiter).filter((part) => part !== '') : [path];
  const paths = named ?? [join(homedir(), '.kube', 'config')];
  let loaded = load();
  let text: string | undefined;
  return async () => {
    const before = text;
    const user = loaded.config.getCurrentUser();
    const asksPlugin = user?.exec !== undefined || user?.authProvider !== undefined;
    try {
      text = (await Promise.all(paths.map((file) => readFile(file, 'utf8')))).join('\n');
      if (!asksPlugin || (before !== undefined && before !== text)) loaded = load();
    } catch {
      return loaded;
    }
    return loaded;
  };
}

function dropUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as never;
}

import type { CallOptions, KubeClient } from '../kube/client.ts';
import { type Leadership, unopposed } from './leadership.ts';

/**
 * `client`, of which every write first asks whether leadership is held: when it is called, and again each time that it is
 * about to be put on the wire, for it may have waited for a connection or for its next try. Reads always pass. Without an
 * election there is nothing to ask, and writes take the same connection as reads.
 */
export function fenced(client: KubeClient, leadership: Pick<Leadership, 'assertMayWrite'>): KubeClient {
  if (leadership === unopposed) return client;
  const guarded = <Options extends CallOptions>(options: Options): Options => {
    leadership.assertMayWrite();
    const beforeSend = (): void => {
      options.beforeSend?.();
      leadership.assertMayWrite();
    };
    return { ...options, beforeSend };
  };
  return {
    ...client,
    create: async (resource, object, options = {}) => client.create(resource, object, guarded(options)),
    replace: async (resource, object, options = {}) => client.replace(resource, object, guarded(options)),
    apply: async (resource, object, options) => client.apply(resource, object, guarded(options)),
    mergePatch: async (resource, key, patch, options = {}) => client.mergePatch(resource, key, patch, guarded(options)),
    delete: async (resource, key, options) => client.delete(resource, key, guarded(options)),
    evict: async (key, options = {}) => client.evict(key, guarded(options)),
    raw: async (method, path, body, options = {}) =>
      client.raw(method, path, body, method === 'GET' ? options : guarded(options)),
  };
}

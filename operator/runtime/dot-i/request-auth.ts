import type { Agent, RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';

/** What a request of an HTTP library needs to be let in: the header, if any, and an agent with the certificates. */
export async function requestAuth(
  config: KubeConfig,
): Promise<{ readonly authorization: string | undefined; readonly agent: Agent }> {
  const options: RequestOptions = { headers: {} };
  await config.applyToHTTPSOptions(options);
  const { Authorization } = options.headers as Record<string, string | undefined>;
  const basic = options.auth ? `Basic ${Buffer.from(options.auth).toString('base64')}` : undefined;
  return { authorization: Authorization ?? basic, agent: options.agent as Agent };
}

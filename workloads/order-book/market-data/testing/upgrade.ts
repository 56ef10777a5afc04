import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';

/** How a book refused to open a WebSocket. */
export interface Refusal {
  readonly status: number | undefined;
  readonly retryAfter: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Asks for a WebSocket: resolves to it when it is open, or to the refusal. */
export async function upgrade(url: string, headers: Record<string, string> = {}): Promise<WebSocket | Refusal> {
  const socket = new WebSocket(url.replace('http', 'ws'), { headers });
  const refused = new Promise<IncomingMessage>((resolve) => {
    socket.once('unexpected-response', (_request, response) => resolve(response));
  });
  const response = await Promise.race([once(socket, 'open'), refused]);
  if (Array.isArray(response)) return socket;
  const chunks: Buffer[] = await response.toArray();
  return {
    status: response.statusCode,
    retryAfter: response.headers['retry-after'],
    body: JSON.parse(Buffer.concat(chunks).toString()),
  };
}

/** As `upgrade`, where it must open. */
export async function opened(url: string, headers?: Record<string, string>): Promise<WebSocket> {
  const socket = await upgrade(url, headers);
  if (socket instanceof WebSocket) return socket;
  throw new Error(`${url} was refused: ${JSON.stringify(socket)}`);
}

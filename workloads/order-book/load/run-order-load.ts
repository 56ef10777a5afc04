import { Agent, request } from 'node:http';
import { type FlowOptions, type FlowStep, orderFlow } from './order-flow.ts';

export interface OrderLoadOptions {
  /** Address of the book, such as `http://127.0.0.1:30083`. */
  readonly url: string;
  /** Commands to have answered, over all connections. */
  readonly commands: number;
  /** Connections, each one an account with one command at a time. Default 8. */
  readonly connections?: number;
  /** The same seed sends the same commands. Default 1. */
  readonly seed?: number;
  /** Distinguishes the client order ids of this run from those of earlier ones. Default: from the clock. */
  readonly run?: string;
  readonly flow?: FlowOptions;
  /** Asked at the start and after a 401. Absent: no token is sent. */
  readonly token?: (connection: number) => Promise<string>;
  /** How long one command is tried again through an outage, in ms. Default 120,000. */
  readonly patienceMs?: number;
  readonly signal?: AbortSignal;
  /** Called at most four times a second. */
  readonly onProgress?: (figures: OrderLoadFigures) => void;
  /** Called for every order that was acknowledged, with the trades that its answer told. */
  readonly onAcknowledged?: (order: AcknowledgedOrder) => void;
}

export interface AcknowledgedOrder {
  readonly id: string;
  readonly clientOrderId: string;
  readonly account: string;
  readonly fills: readonly Fill[];
}

/** A trade as an answer tells it. */
export interface Fill {
  readonly sequence: string;
  readonly price: string;
  readonly quantity: string;
}

export interface OrderLoadFigures {
  /** Commands answered with success, and of those the new orders. */
  readonly acknowledged: number;
  readonly orders: number;
  readonly trades: number;
  /** Commands refused by the rules of the book, such as a cancel of an order that was filled before. */
  readonly refused: number;
  /** Attempts that had to be repeated: no connection, no answer, 429, 503. */
  readonly retried: number;
  /** Commands given up after `patienceMs`. */
  readonly failed: number;
  readonly seconds: number;
  readonly perSecond: number;
}

interface Answer {
  readonly status: number;
  readonly retryAfterMs: number;
  readonly body: { readonly id?: string; readonly fills?: readonly Fill[] };
}

/**
 * Sends orders, cancels and changes to a book and resolves to what came of them. A command without an answer is sent again with
 * the same client order id, so an outage costs time and neither loses nor doubles an order. Never rejects for the network.
 */
export async function runOrderLoad(options: OrderLoadOptions): Promise<OrderLoadFigures> {
  const { connections = 8, seed = 1, commands, signal, onProgress } = options;
  const run = options.run ?? Date.now().toString(36);
  const counts = { acknowledged: 0, orders: 0, trades: 0, refused: 0, retried: 0, failed: 0 };
  const started = performance.now();
  const figures = (): OrderLoadFigures => {
    const seconds = (performance.now() - started) / 1_000;
    return { ...counts, seconds, perSecond: Math.round((counts.acknowledged + counts.refused) / seconds) };
  };
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let left = commands;
  let reported = started;

  async function connection(index: number): Promise<void> {
    const ids = new Map<number, string>();
    const account = `load-${index}`;
    const client = createClient(options, agent, index, account, () => counts.retried++);
    for (const step of orderFlow(seed * 1_000 + index, options.flow)) {
      if (left <= 0 || signal?.aborted === true) return;
      const id = ids.get(step.ref);
      if (step.action !== 'place' && id === undefined) continue;
      left--;
      const clientOrderId = `${run}-${index}-${step.ref}`;
      const answer = await client(requestOf(step, id, clientOrderId));
      if (answer === undefined) counts.failed++;
      else if (answer.status >= 300) counts.refused++;
      else {
        counts.acknowledged++;
        counts.trades += answer.body.fills?.length ?? 0;
        if (step.action === 'place' && answer.body.id !== undefined) {
          counts.orders++;
          ids.set(step.ref, answer.body.id);
          const { id } = answer.body;
          options.onAcknowledged?.({ id, clientOrderId, account, fills: answer.body.fills ?? [] });
        }
      }
      if (step.action === 'cancel') ids.delete(step.ref);
      if (onProgress !== undefined && performance.now() - reported > 250) {
        reported = performance.now();
        onProgress(figures());
      }
    }
  }

  await Promise.all(Array.from({ length: connections }, (_, index) => connection(index)));
  agent.destroy();
  return figures();
}

interface Call {
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: object;
}

function requestOf(step: FlowStep, id: string | undefined, clientOrderId: string): Call {
  switch (step.action) {
    case 'place':
      return { method: 'POST', path: '/v1/orders', body: { ...step.order, clientOrderId } };
    case 'cancel':
      return { method: 'DELETE', path: `/v1/orders/${id}` };
    case 'replace':
      return { method: 'PATCH', path: `/v1/orders/${id}`, body: { price: step.price, quantity: step.quantity } };
  }
}

/** Sends a call until it is answered by a rule of the book; undefined when it was given up. */
function createClient(
  { url, token, patienceMs = 120_000, signal }: OrderLoadOptions,
  agent: Agent,
  connection: number,
  account: string,
  onRetry: () => void,
): (call: Call) => Promise<Answer | undefined> {
  let bearer: string | undefined;
  return async (call) => {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      let waitMs = 200;
      try {
        bearer ??= await token?.(connection);
        const headers = {
          'sluice-account': account,
          ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
        };
        const answer = await send(url, agent, call, headers);
        if (answer.status === 401 && token !== undefined) bearer = undefined;
        else if (answer.status !== 429 && answer.status < 500) return answer;
        waitMs = Math.max(50, answer.retryAfterMs);
      } catch {
        // No connection or no whole answer: whether the command was taken is unknown, so it is sent again as it is.
      }
      if (signal?.aborted === true || performance.now() + waitMs > deadline) return undefined;
      onRetry();
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  };
}

function send(
  url: string,
  agent: Agent,
  { method, path, body }: Call,
  headers: Record<string, string>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const outgoing = request(
      `${url}${path}`,
      {
        method,
        agent,
        timeout: 5_000,
        headers:
          text === undefined
            ? headers
            : { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode: status = 0, headers: answered } = response;
          const retryAfterMs = Number(answered['retry-after'] ?? 0) * 1_000;
          try {
            resolve({ status, retryAfterMs, body: JSON.parse(Buffer.concat(chunks).toString()) });
          } catch (error) {
            reject(error);
          }
        });
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer within 5 s')));
    outgoing.on('error', reject);
    outgoing.end(text);
  });
}

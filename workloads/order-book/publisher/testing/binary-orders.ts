import { seededRandom } from '@sluice/runtime/testing';
import { connectOrders, type Order, type OrderClient } from '../../binary/client.ts';
import type { FramePlace } from '../../binary/command-frame.ts';
import { type FlowStep, orderFlow } from '../../load/order-flow.ts';

/** A new order that the binary port has acknowledged. */
export interface BinaryOrder {
  readonly account: string;
  readonly id: number;
  readonly order: Placement;
}

type Placement = Omit<FramePlace, 'request'> & { readonly clientOrderId: number };

export interface BinaryLoadOptions {
  readonly port: number;
  /** Each one an account. */
  readonly connections: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onAcknowledged: (order: BinaryOrder) => void;
}

const MOST_AT_ONCE = 48;
const PAUSE_MS = 10;
/** Commands that are sent again in one go. */
const PART = 1_000;

/**
 * Sends bursts of orders, cancels and changes until `signal`, through every loss of the connection: what has no result is sent again
 * with the same client order id, so that it is placed once however often the book dies.
 */
export async function runBinaryLoad(options: BinaryLoadOptions): Promise<void> {
  const { connections } = options;
  await Promise.all(Array.from({ length: connections }, (_, index) => runConnection(options, index)));
}

async function runConnection({ port, seed, signal, onAcknowledged }: BinaryLoadOptions, index: number): Promise<void> {
  const account = `binary-${index}`;
  const flow = orderFlow(seed * 1_000 + 500 + index);
  const random = seededRandom(seed * 1_000 + index);
  let unanswered: Order[] = [];
  while (!signal.aborted) {
    const client = await connect(port, account);
    while (client !== undefined && !signal.aborted) {
      const size = unanswered.length > 0 ? 0 : Math.ceil(random() * MOST_AT_ONCE);
      for (let more = 0; more < size; more++) unanswered.push(commandOf(flow.next().value));
      const results = await Promise.allSettled(unanswered.map((order) => client.send(order)));
      const isOver = results.some(({ status }) => status === 'rejected');
      unanswered = unanswered.filter((order, place) => {
        const result = results[place];
        if (result?.status !== 'fulfilled') return true;
        const { code, orderId: id, waitMs } = result.value;
        if (order.kind === 'place' && code === 0) onAcknowledged({ account, id, order: order as Placement });
        // A refusal by the rules of the book is an answer; one that names a time is none yet.
        return code !== 0 && waitMs > 0;
      });
      if (isOver) break;
      await pause();
    }
    client?.destroy();
    await pause();
  }
}

/** Sends acknowledged orders again, and resolves to what is wrong: each must be answered as repeated, with the id that it has. */
export async function sendAgain(port: number, orders: readonly BinaryOrder[]): Promise<string[]> {
  const faults: string[] = [];
  for (const account of new Set(orders.map((order) => order.account))) {
    const own = orders.filter((order) => order.account === account);
    const client = await connectOrders({ port, credentials: { kind: 'account', text: account } });
    for (let from = 0; from < own.length && faults.length < 20; from += PART) {
      const part = own.slice(from, from + PART);
      const results = await Promise.all(part.map(({ order }) => client.send(order)));
      for (const [place, { code, repeated, orderId }] of results.entries()) {
        const id = part[place]?.id;
        if (code === 0 && repeated && orderId === id) continue;
        const what = repeated ? `is order ${orderId}` : code === 0 ? `was lost and became ${orderId}` : `got ${code}`;
        faults.push(`order ${id} of ${account}, acknowledged through the binary port and sent again, ${what}`);
      }
    }
    client.destroy();
  }
  return faults;
}

/** Undefined while nobody answers. */
function connect(port: number, account: string): Promise<OrderClient | undefined> {
  return connectOrders({ port, credentials: { kind: 'account', text: account } }).catch(() => undefined);
}

function commandOf(step: FlowStep): Order {
  // 0 means none.
  const clientOrderId = step.ref + 1;
  switch (step.action) {
    case 'place': {
      const { side, timeInForce, price, quantity } = step.order;
      const terms = { side: side === 'buy' ? 0 : 1, timeInForce } as const;
      return { kind: 'place', symbol: 0, ...terms, price: ticks(price), quantity: lots(quantity), clientOrderId };
    }
    case 'cancel':
      return { kind: 'cancel', clientOrderId };
    case 'replace':
      return { kind: 'replace', clientOrderId, price: ticks(step.price), quantity: lots(step.quantity) };
  }
}

function ticks(price: string): number {
  return Math.round(Number(price) * 100);
}

function lots(quantity: string): number {
  return Math.round(Number(quantity) * 10_000);
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

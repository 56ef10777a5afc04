import type { Depth, Matcher, Message } from './message.ts';

interface Order {
  readonly id: number;
  readonly side: 'buy' | 'sell';
  price: number;
  open: number;
  /** Position in time: grows with every insertion. */
  time: number;
}

/**
 * The rules of the book written down as plainly as possible: one list of orders, sorted again for every question. It
 * shares no code with the engine, so that a misunderstanding would have to be made twice.
 */
export class ReferenceMatcher implements Matcher {
  private orders: Order[] = [];
  private time = 0;

  send(message: Message): string[] {
    if (message.type === 'cancel') return this.cancel(message.id);
    if (message.type === 'replace') return this.replace(message);
    const { id, side, price, quantity, mode } = message;
    if (this.orders.some((order) => order.id === id)) return [`refused ${id} duplicate`];
    const facing = this.facing(side, price);
    if (mode === 'post' && facing.length > 0) return [`refused ${id} would-match`];
    if (mode === 'fok' && facing.reduce((sum, order) => sum + order.open, 0) < quantity) {
      return [`refused ${id} not-fillable`];
    }
    const lines = [`accepted ${id} ${quantity}@${price}`];
    const left = this.trade(id, facing, quantity, lines);
    if (left === 0) return lines;
    if (mode === 'ioc') lines.push(`cancelled ${id} ${left}@${price}`);
    else this.orders.push({ id, side, price, open: left, time: this.time++ });
    return lines;
  }

  depth(): Depth {
    return {
      bids: this.volumes('buy', (a, b) => b - a),
      asks: this.volumes('sell', (a, b) => a - b),
    };
  }

  private cancel(id: number): string[] {
    const order = this.orders.find((candidate) => candidate.id === id);
    if (order === undefined) return [`no-cancel ${id}`];
    this.orders = this.orders.filter((candidate) => candidate !== order);
    return [`cancelled ${id} ${order.open}@${order.price}`];
  }

  private replace({ id, price, quantity, mode }: Extract<Message, { type: 'replace' }>): string[] {
    const order = this.orders.find((candidate) => candidate.id === id);
    if (order === undefined) return [`no-replace ${id}`];
    const facing = this.facing(order.side, price);
    if (mode === 'post' && facing.length > 0) return [`no-replace ${id}`];
    const lines = [`replaced ${id} ${quantity}@${price}`];
    if (mode === 'keep' && price === order.price && quantity <= order.open) {
      order.open = quantity;
      return lines;
    }
    this.orders = this.orders.filter((candidate) => candidate !== order);
    const left = this.trade(id, facing, quantity, lines);
    if (left > 0) this.orders.push({ id, side: order.side, price, open: left, time: this.time++ });
    return lines;
  }

  /** Orders of the other side that an order of `side` at `limit` can trade with, best price first, then oldest first. */
  private facing(side: 'buy' | 'sell', limit: number): Order[] {
    const sign = side === 'buy' ? 1 : -1;
    return this.orders
      .filter((order) => order.side !== side && sign * order.price <= sign * limit)
      .sort((a, b) => sign * (a.price - b.price) || a.time - b.time);
  }

  private trade(taker: number, makers: readonly Order[], quantity: number, lines: string[]): number {
    let left = quantity;
    for (const maker of makers) {
      if (left === 0) break;
      const traded = Math.min(left, maker.open);
      lines.push(`trade ${traded}@${maker.price} ${maker.id}<${taker}`);
      maker.open -= traded;
      left -= traded;
    }
    this.orders = this.orders.filter((order) => order.open > 0);
    return left;
  }

  private volumes(side: 'buy' | 'sell', compare: (a: number, b: number) => number): string[] {
    const volumes = new Map<number, number>();
    for (const order of this.orders) {
      if (order.side === side) volumes.set(order.price, (volumes.get(order.price) ?? 0) + order.open);
    }
    return [...volumes].sort(([a], [b]) => compare(a, b)).map(([price, volume]) => `${price}:${volume}`);
  }
}

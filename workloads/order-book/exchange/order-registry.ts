import type { Order } from './order.ts';

interface Account {
  readonly open: Set<Order>;
  readonly byClientId: Map<string, Order>;
  /** Orders remembered, open and closed; the account is forgotten with its last one. */
  count: number;
}

/** Every open order and the last closed ones, by id, by account and by client order id. */
export class OrderRegistry {
  private readonly byId = new Map<number, Order>();
  private readonly accounts = new Map<string, Account>();
  /** Closed orders in the order of their closing; those before `firstClosed` are forgotten. */
  private closed: Order[] = [];
  private firstClosed = 0;

  /** Number of open orders. */
  get open(): number {
    return this.byId.size - this.closedCount;
  }

  /** Number of closed orders that are remembered. */
  get closedCount(): number {
    return this.closed.length - this.firstClosed;
  }

  get(id: number): Order | undefined {
    return this.byId.get(id);
  }

  /** The order, when it belongs to `account`: others' orders do not exist for it. */
  ofAccount(account: string, id: number): Order | undefined {
    const order = this.byId.get(id);
    return order?.account === account ? order : undefined;
  }

  byClientId(account: string, clientOrderId: string): Order | undefined {
    return this.accounts.get(account)?.byClientId.get(clientOrderId);
  }

  openCount(account: string): number {
    return this.accounts.get(account)?.open.size ?? 0;
  }

  /** Open orders of `account`, oldest first. */
  openOf(account: string): Order[] {
    return [...(this.accounts.get(account)?.open ?? [])].sort((a, b) => a.id - b.id);
  }

  closedOrders(): Order[] {
    return this.closed.slice(this.firstClosed);
  }

  add(order: Order): void {
    this.byId.set(order.id, order);
    let account = this.accounts.get(order.account);
    if (account === undefined) {
      account = { open: new Set(), byClientId: new Map(), count: 0 };
      this.accounts.set(order.account, account);
    }
    account.count++;
    account.open.add(order);
    if (order.clientOrderId !== '') account.byClientId.set(order.clientOrderId, order);
  }

  /** The order left the book. It is remembered until `forget`. */
  close(order: Order): void {
    this.accounts.get(order.account)?.open.delete(order);
    this.closed.push(order);
  }

  /** Forgets the oldest closed orders until `keep` are left. */
  forget(keep: number): void {
    while (this.closedCount > keep) {
      const order = this.closed[this.firstClosed++];
      if (order !== undefined) this.remove(order);
    }
    // Cut the forgotten front off once it is half of the array: amortised, one move per order.
    if (this.firstClosed > 1_024 && 2 * this.firstClosed > this.closed.length) {
      this.closed = this.closed.slice(this.firstClosed);
      this.firstClosed = 0;
    }
  }

  private remove(order: Order): void {
    this.byId.delete(order.id);
    const account = this.accounts.get(order.account);
    if (account === undefined) return;
    if (account.byClientId.get(order.clientOrderId) === order) account.byClientId.delete(order.clientOrderId);
    if (--account.count === 0) this.accounts.delete(order.account);
  }
}

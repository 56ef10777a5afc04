import type { Order } from './order.ts';

interface Account {
  /** What the books know it by: no other account that has orders has this number. */
  readonly owner: number;
  readonly open: Set<Order>;
  readonly byClientId: Map<string, Order>;
  /** Orders remembered, open and closed; the account is forgotten with its last one. */
  count: number;
}

/** Accounts that can have a number. */
const MAX_NUMBERED = 2 ** 20;

/** Every open order and the last closed ones, by id, by account and by client order id. */
export class OrderRegistry {
  private readonly byId = new Map<number, Order>();
  private readonly accounts = new Map<string, Account>();
  /** Closed orders in the order of their closing; those before `firstClosed` are forgotten. */
  private closed: Order[] = [];
  private firstClosed = 0;
  private readonly freeOwners: number[] = [];
  private owners = 0;
  private readonly numbers = new Map<string, number>();
  private readonly names: string[] = [];
  private readonly expiring = new Set<Order>();
  /** No open order expires before this; Infinity when none does. */
  nextExpiryMs = Number.POSITIVE_INFINITY;

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

  /** The number of an account that has orders. */
  ownerOf(account: string): number {
    return this.accounts.get(account)?.owner ?? 0;
  }

  /** The number of the account for command records, given now if it has none; 0 when all are given. */
  number(account: string): number {
    const known = this.numbers.get(account);
    if (known !== undefined) return known;
    if (this.names.length === MAX_NUMBERED) return 0;
    this.numbers.set(account, this.names.push(account));
    return this.names.length;
  }

  /** The number that the account has for command records, 0 for none. */
  numberOf(account: string): number {
    return this.numbers.get(account) ?? 0;
  }

  /** The account that has this number. */
  nameOf(number: number): string | undefined {
    return this.names[number - 1];
  }

  /** Accounts that have a number, in the order of their numbers. */
  numbered(): readonly string[] {
    return this.names;
  }

  /** Open orders whose time has come by `timeMs`, the earliest first, then the oldest. */
  takeExpired(timeMs: number): Order[] {
    const expired: Order[] = [];
    this.nextExpiryMs = Number.POSITIVE_INFINITY;
    for (const order of this.expiring) {
      const expiresMs = expiryOf(order);
      if (expiresMs <= timeMs) expired.push(order);
      else this.nextExpiryMs = Math.min(this.nextExpiryMs, expiresMs);
    }
    return expired.sort((a, b) => expiryOf(a) - expiryOf(b) || a.id - b.id);
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
      const owner = this.freeOwners.pop() ?? ++this.owners;
      account = { owner, open: new Set(), byClientId: new Map(), count: 0 };
      this.accounts.set(order.account, account);
    }
    account.count++;
    account.open.add(order);
    if (expiryOf(order) > 0) {
      this.expiring.add(order);
      this.nextExpiryMs = Math.min(this.nextExpiryMs, expiryOf(order));
    }
    if (order.clientOrderId !== '') account.byClientId.set(order.clientOrderId, order);
  }

  /** The order left the book. It is remembered until `forget`. */
  close(order: Order): void {
    this.accounts.get(order.account)?.open.delete(order);
    this.expiring.delete(order);
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
    if (--account.count > 0) return;
    this.accounts.delete(order.account);
    this.freeOwners.push(account.owner);
  }
}

/** 0 when it does not expire. */
function expiryOf(order: Order): number {
  return order.extra?.expiresMs ?? 0;
}

// Clients that keep a book as the public documentation of each feed tells them to, and complain about what must not happen.

export type Sides = { readonly bids: Map<string, string>; readonly asks: Map<string, string> };

interface DepthEvent {
  readonly U: number;
  readonly u: number;
  readonly b: readonly [string, string][];
  readonly a: readonly [string, string][];
}

export interface DepthSnapshot {
  readonly lastUpdateId: number;
  readonly bids: readonly [string, string][];
  readonly asks: readonly [string, string][];
}

/** The rule of Binance's "How to manage a local order book correctly". */
export class BinanceReader {
  book: Sides | undefined;
  private updateId = 0;
  private isFirst = true;
  private buffered: DepthEvent[] = [];

  message(text: string): void {
    const event = JSON.parse(text) as DepthEvent & { readonly result?: null };
    if (event.result === null) return;
    if (this.book === undefined) this.buffered.push(event);
    else this.apply(event);
  }

  snapshot({ lastUpdateId, bids, asks }: DepthSnapshot): void {
    this.book = { bids: new Map(bids), asks: new Map(asks) };
    this.updateId = lastUpdateId;
    this.isFirst = true;
    for (const event of this.buffered.splice(0)) this.apply(event);
  }

  private apply({ U, u, b, a }: DepthEvent): void {
    if (this.book === undefined || u <= this.updateId) return;
    const fits = this.isFirst ? U <= this.updateId + 1 && u >= this.updateId + 1 : U === this.updateId + 1;
    if (!fits) throw new Error(`a gap: the book stands at ${this.updateId}, the event is ${U} to ${u}`);
    this.isFirst = false;
    this.updateId = u;
    for (const [price, quantity] of b) put(this.book.bids, price, quantity);
    for (const [price, quantity] of a) put(this.book.asks, price, quantity);
  }
}

/** Channel `level2`: a snapshot, then levels. */
export class Level2Reader {
  book: Sides | undefined;

  message(text: string): void {
    const message = JSON.parse(text) as {
      type: string;
      bids: [string, string][];
      asks: [string, string][];
      changes: [string, string, string][];
    };
    if (message.type === 'snapshot') this.book = { bids: new Map(message.bids), asks: new Map(message.asks) };
    if (message.type !== 'l2update') return;
    if (this.book === undefined) throw new Error('an update came before the snapshot');
    for (const [side, price, size] of message.changes)
      put(side === 'buy' ? this.book.bids : this.book.asks, price, size);
  }
}

interface FullMessage {
  readonly type: string;
  readonly reason?: string;
  readonly sequence: number;
  readonly order_id: string;
  readonly maker_order_id: string;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly size: string;
  readonly remaining_size: string;
  readonly old_size: string;
  readonly new_size: string;
}

export interface OrderSnapshot {
  readonly sequence: number;
  readonly bids: readonly [string, string, string][];
  readonly asks: readonly [string, string, string][];
}

interface OpenOrder {
  readonly side: 'buy' | 'sell';
  readonly price: string;
  size: number;
}

/** Channel `full`: every order, from a level 3 snapshot and the messages after it. */
export class FullReader {
  readonly orders = new Map<string, OpenOrder>();
  private sequence = -1;
  private queued: FullMessage[] = [];

  message(text: string): void {
    const message = JSON.parse(text) as FullMessage;
    if (message.sequence === undefined) return;
    if (this.sequence < 0) this.queued.push(message);
    else this.apply(message);
  }

  snapshot({ sequence, bids, asks }: OrderSnapshot): void {
    this.orders.clear();
    this.sequence = sequence;
    for (const [price, size, id] of bids) this.orders.set(id, { side: 'buy', price, size: Number(size) });
    for (const [price, size, id] of asks) this.orders.set(id, { side: 'sell', price, size: Number(size) });
    for (const message of this.queued.splice(0)) this.apply(message);
  }

  private apply(message: FullMessage): void {
    if (message.sequence <= this.sequence) return;
    if (message.sequence !== this.sequence + 1) {
      throw new Error(`a gap: message ${message.sequence} came after ${this.sequence}`);
    }
    this.sequence = message.sequence;
    const id = message.type === 'match' ? message.maker_order_id : message.order_id;
    const known = this.orders.get(id);
    switch (message.type) {
      case 'open':
        if (known !== undefined) throw new Error(`order ${id} opened twice`);
        this.orders.set(id, { side: message.side, price: message.price, size: Number(message.remaining_size) });
        return;
      case 'done':
        // In an auction, what the seller of a match had is told by its end.
        if (message.reason !== 'filled' && known !== undefined && known.size !== Number(message.remaining_size)) {
          throw new Error(`order ${id} was ${known.size}, not ${message.remaining_size}, when it was done`);
        }
        this.orders.delete(id);
        return;
      case 'match':
        if (known === undefined || known.price !== message.price || known.side !== message.side) {
          throw new Error(`the maker ${id} of a match is not in the book at ${message.price}`);
        }
        known.size = rounded(known.size - Number(message.size));
        if (known.size < 0) throw new Error(`the maker ${id} of a match had less than ${message.size}`);
        if (known.size === 0) this.orders.delete(id);
        return;
      case 'change':
        if (known === undefined || known.size !== Number(message.old_size)) {
          throw new Error(`order ${id} changed from ${message.old_size}, which it was not`);
        }
        known.size = Number(message.new_size);
        return;
    }
  }
}

function put(levels: Map<string, string>, price: string, quantity: string): void {
  if (Number(quantity) === 0) levels.delete(price);
  else levels.set(price, quantity);
}

/** Lots in these tests have four places. */
function rounded(size: number): number {
  return Math.round(size * 10_000) / 10_000;
}

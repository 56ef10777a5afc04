import type { Depth, Matcher, Message, SelfTrade } from './message.ts';

type Side = 'buy' | 'sell';
type Place = Extract<Message, { type: 'place' }>;
type Replace = Extract<Message, { type: 'replace' }>;

interface Order {
  readonly id: number;
  readonly side: Side;
  readonly owner: number;
  readonly peak: number;
  readonly stop: number;
  price: number;
  market: boolean;
  mode: 'gtc' | 'ioc' | 'fok' | 'post';
  selfTrade: SelfTrade | undefined;
  /** Open, what is hidden included. */
  open: number;
  shown: number;
  where: 'book' | 'waiting' | 'line' | 'call' | 'nowhere';
  /** Position in time: grows with every insertion. */
  time: number;
  partner: Order | undefined;
}

/**
 * The rules of the book written down as plainly as possible: one list of orders, searched and sorted again for every question. It
 * shares no code with the engine, so that a misunderstanding would have to be made twice.
 */
export class ReferenceMatcher implements Matcher {
  private orders: Order[] = [];
  private line: Order[] = [];
  private time = 0;
  private last = 0;
  private phase: 'continuous' | 'halted' | 'call' = 'continuous';
  private lowest = 1;
  private highest = 2_147_483_646;
  private events: string[] = [];

  send(message: Message): string[] {
    this.events = [];
    if (message.type === 'place') this.place(message);
    else if (message.type === 'cancel') this.cancel(message.id);
    else if (message.type === 'replace') this.replace(message);
    else if (message.type === 'band') [this.lowest, this.highest] = [message.lowest, message.highest];
    else this.enterPhase(message.phase);
    while (this.line.length > 0) {
      const next = this.line.shift();
      if (next !== undefined && next.open > 0) this.triggered(next);
    }
    return this.events;
  }

  depth(): Depth {
    const stops = (side: Side, sign: number): string[] =>
      this.orders
        .filter((order) => order.where === 'waiting' && order.side === side)
        .sort((a, b) => sign * (a.stop - b.stop) || a.time - b.time)
        .map(({ id, stop }) => `${id}>${stop}`);
    return {
      bids: this.volumes('buy', (a, b) => b - a),
      asks: this.volumes('sell', (a, b) => a - b),
      stops: [...stops('buy', 1), ...stops('sell', -1)],
      called: this.orders
        .filter(({ where }) => where === 'call')
        .sort((a, b) => a.time - b.time)
        .map(({ id, open, price }) => `${id}:${open}@${price}`),
      lastPrice: this.last,
    };
  }

  private place(message: Place): void {
    const { id, side, price, quantity, mode, market = false, owner = 0, stop = 0, peak = 0 } = message;
    const { selfTrade } = message;
    const partner = this.orders.find((other) => other.id === message.partner);
    const order: Order = {
      ...{ id, side, owner, peak, stop, price, market, mode, selfTrade, partner: undefined },
      ...{ open: quantity, shown: quantity, where: 'nowhere', time: 0 },
    };
    const isSpecial = stop > 0 || peak > 0 || message.partner !== undefined;
    const refusal = this.refusal(order, isSpecial, message.partner !== undefined, partner);
    if (refusal !== undefined) {
      this.events.push(`refused ${id} ${refusal}`);
      return;
    }
    this.events.push(`accepted ${id} ${quantity}@${price}`);
    this.orders.push(order);
    if (partner !== undefined) [order.partner, partner.partner] = [partner, order];
    if (this.phase === 'call') this.settle(order, 'call');
    else if (stop === 0) this.enter(order);
    else if (side === 'buy' ? this.last >= stop : this.last <= stop) this.triggered(order);
    else this.settle(order, 'waiting');
  }

  private refusal(order: Order, isSpecial: boolean, wantsPartner: boolean, partner?: Order): string | undefined {
    const { id, mode, market, stop, side } = order;
    if (this.orders.some((other) => other.id === id)) return 'duplicate';
    if (this.phase === 'halted') return 'halted';
    if (this.phase === 'call' && (isSpecial || mode !== 'gtc' || market)) return 'not-in-auction';
    const entry = this.entryRefusal(stop > 0 ? { ...order, mode: 'gtc' } : order);
    if (entry !== undefined) return entry;
    if (stop > 0 && this.last === 0) return 'no-last-price';
    if (!wantsPartner) return undefined;
    const fits = partner !== undefined && partner.partner === undefined && partner.side === side;
    return fits ? undefined : 'bad-partner';
  }

  private entryRefusal(order: Order): string | undefined {
    const limit = this.limitOf(order);
    if (limit < this.lowest || limit > this.highest) return 'out-of-band';
    if (order.mode === 'post' && this.facing(order).length > 0) return 'would-match';
    if (order.mode === 'fok' && !this.canFill(order)) return 'not-fillable';
    return undefined;
  }

  private limitOf({ side, price, market }: Order): number {
    return market ? (side === 'buy' ? this.highest : this.lowest) : price;
  }

  /** Orders of the other side that this one can trade with, best price first, then oldest first. */
  private facing(order: Order): Order[] {
    const limit = this.limitOf(order);
    const sign = order.side === 'buy' ? 1 : -1;
    return this.orders
      .filter(({ where, side, price }) => where === 'book' && side !== order.side && sign * price <= sign * limit)
      .sort((a, b) => sign * (a.price - b.price) || a.time - b.time);
  }

  private isOwn(order: Order, other: Order): boolean {
    return order.owner !== 0 && order.selfTrade !== undefined && other.owner === order.owner;
  }

  private canFill(order: Order): boolean {
    const facing = this.facing(order);
    let found = 0;
    for (const price of new Set(facing.map((other) => other.price))) {
      const level = facing.filter((other) => other.price === price);
      if (order.selfTrade !== 'oldest' && level.some((other) => this.isOwn(order, other))) return false;
      for (const other of level) if (!this.isOwn(order, other)) found += other.open;
      if (found >= order.open) return true;
    }
    return false;
  }

  private enter(order: Order): void {
    order.where = 'nowhere';
    const refusal = this.entryRefusal(order);
    const hasTraded = refusal === undefined && this.match(order);
    const rests = order.open > 0 && refusal === undefined && order.mode !== 'ioc' && order.mode !== 'fok';
    if (order.open > 0 && !rests) {
      this.events.push(
        `cancelled ${order.id} ${order.open}@${order.price}${refusal === undefined ? '' : ` ${refusal}`}`,
      );
    }
    if (hasTraded || !rests) this.cancelPartner(order);
    order.price = this.limitOf(order);
    if (rests) this.settle(order, 'book');
    else this.forget(order);
  }

  /** Returns whether there was a trade. */
  private match(order: Order): boolean {
    let hasTraded = false;
    while (order.open > 0) {
      const maker = this.facing(order)[0];
      if (maker === undefined) break;
      if (this.isOwn(order, maker)) {
        this.preventSelfTrade(order, maker);
        continue;
      }
      const lots = Math.min(maker.shown, order.open);
      this.events.push(`trade ${lots}@${maker.price} ${maker.id}<${order.id}`);
      hasTraded = true;
      this.cancelPartner(maker);
      order.open -= lots;
      maker.open -= lots;
      maker.shown -= lots;
      if (maker.open === 0) this.forget(maker);
      else if (maker.shown === 0) this.settle(maker, 'book');
      this.printed(maker.price);
    }
    return hasTraded;
  }

  private preventSelfTrade(order: Order, maker: Order): void {
    if (order.selfTrade === 'decrement') {
      const lots = Math.min(maker.open, order.open);
      this.events.push(`prevented ${lots}@${maker.price} ${maker.id}<${order.id}`);
      order.open -= lots;
      this.shrink(maker, maker.open - lots);
      if (maker.open === 0) this.cancelPartner(maker);
      return;
    }
    if (order.selfTrade !== 'newest') this.remove(maker, 'self-trade');
    if (order.selfTrade === 'oldest') return;
    this.events.push(`cancelled ${order.id} ${order.open}@${this.limitOf(order)} self-trade`);
    order.open = 0;
  }

  private printed(price: number): void {
    this.last = price;
    const due = (side: Side, sign: number): Order[] =>
      this.orders
        .filter(({ where, side: own, stop }) => where === 'waiting' && own === side && sign * stop <= sign * price)
        .sort((a, b) => sign * (a.stop - b.stop) || a.time - b.time);
    for (const order of [...due('buy', 1), ...due('sell', -1)]) {
      order.where = 'line';
      this.line.push(order);
    }
  }

  private triggered(order: Order): void {
    this.events.push(`triggered ${order.id} ${order.open}@${order.price}`);
    this.cancelPartner(order);
    this.enter(order);
  }

  private cancel(id: number): void {
    const order = this.orders.find((candidate) => candidate.id === id);
    if (order === undefined) this.events.push(`no-cancel ${id}`);
    else this.remove(order, '');
  }

  private replace({ id, price, quantity, mode, selfTrade }: Replace): void {
    const order = this.orders.find((candidate) => candidate.id === id);
    const isPost = mode === 'post';
    if (
      order === undefined ||
      order.where === 'waiting' ||
      this.phase === 'halted' ||
      (this.phase === 'call' && isPost) ||
      price < this.lowest ||
      price > this.highest ||
      (isPost && this.facing({ ...order, price, market: false }).length > 0)
    ) {
      this.events.push(`no-replace ${id}`);
      return;
    }
    this.events.push(`replaced ${id} ${quantity}@${price}`);
    if (mode === 'keep' && price === order.price && quantity <= order.open) {
      this.shrink(order, quantity);
      return;
    }
    Object.assign(order, { price, open: quantity, market: false, mode: 'gtc', selfTrade });
    if (this.phase === 'call') this.settle(order, 'call');
    else this.enter(order);
  }

  private enterPhase(phase: 'continuous' | 'halted' | 'call'): void {
    this.phase = phase;
    if (phase !== 'continuous') return;
    while (this.auction());
    const called = this.orders.filter(({ where }) => where === 'call').sort((a, b) => a.time - b.time);
    for (const order of called) this.settle(order, 'book');
  }

  /** Trades at one price what can trade at one price. Returns whether anything did. */
  private auction(): boolean {
    const price = this.clearingPrice();
    if (price === undefined) return false;
    const present = this.orders.filter(({ where }) => where === 'book' || where === 'call');
    const buyers = present
      .filter((order) => order.side === 'buy' && order.price >= price)
      .sort((a, b) => b.price - a.price || a.time - b.time);
    const sellers = present
      .filter((order) => order.side === 'sell' && order.price <= price)
      .sort((a, b) => a.price - b.price || a.time - b.time);
    for (;;) {
      const buyer = buyers.find((order) => this.orders.includes(order));
      const seller = sellers.find((order) => this.orders.includes(order));
      if (buyer === undefined || seller === undefined) return true;
      const lots = Math.min(buyer.open, seller.open);
      this.events.push(`auction ${lots}@${price} ${buyer.id}+${seller.id}`);
      for (const order of [buyer, seller]) {
        this.cancelPartner(order);
        this.shrink(order, order.open - lots);
      }
      this.printed(price);
    }
  }

  private clearingPrice(): number | undefined {
    const present = this.orders.filter(({ where }) => where === 'book' || where === 'call');
    const sum = (side: Side, accepts: (price: number) => boolean): number =>
      present.reduce((total, order) => total + (order.side === side && accepts(order.price) ? order.open : 0), 0);
    const candidates = [...new Set(present.map(({ price }) => price))]
      .map((price) => {
        const demand = sum('buy', (limit) => limit >= price);
        const supply = sum('sell', (limit) => limit <= price);
        return { price, volume: Math.min(demand, supply), surplus: demand - supply };
      })
      .filter(({ volume }) => volume > 0);
    const mostVolume = Math.max(...candidates.map(({ volume }) => volume));
    const most = candidates.filter(({ volume }) => volume === mostVolume);
    const leastSurplus = Math.min(...most.map(({ surplus }) => Math.abs(surplus)));
    const best = most.filter(({ surplus }) => Math.abs(surplus) === leastSurplus);
    const prices = best.map(({ price }) => price).sort((a, b) => a - b);
    if (best.length > 0 && best.every(({ surplus }) => surplus > 0)) return prices.at(-1);
    if (best.every(({ surplus }) => surplus < 0) || this.last === 0) return prices[0];
    return prices.sort((a, b) => Math.abs(a - this.last) - Math.abs(b - this.last) || a - b)[0];
  }

  private settle(order: Order, where: 'book' | 'waiting' | 'call'): void {
    order.where = where;
    order.time = this.time++;
    order.shown = where === 'book' && order.peak > 0 ? Math.min(order.peak, order.open) : order.open;
  }

  /** Leaves `open` of the order, at its place: first what is hidden goes. */
  private shrink(order: Order, open: number): void {
    order.open = open;
    order.shown = Math.min(order.shown, open);
    if (open === 0) this.forget(order);
  }

  private remove(order: Order, reason: string): void {
    this.events.push(`cancelled ${order.id} ${order.open}@${order.price}${reason === '' ? '' : ` ${reason}`}`);
    this.forget(order);
    this.cancelPartner(order);
  }

  private cancelPartner(order: Order): void {
    const { partner } = order;
    if (partner === undefined) return;
    order.partner = undefined;
    partner.partner = undefined;
    this.remove(partner, 'partner');
    partner.open = 0;
  }

  private forget(order: Order): void {
    this.orders = this.orders.filter((candidate) => candidate !== order);
  }

  private volumes(side: Side, compare: (a: number, b: number) => number): string[] {
    const volumes = new Map<number, number>();
    for (const order of this.orders) {
      if (order.side !== side || order.where !== 'book') continue;
      volumes.set(order.price, (volumes.get(order.price) ?? 0) + order.shown);
    }
    return [...volumes].sort(([a], [b]) => compare(a, b)).map(([price, volume]) => `${price}:${volume}`);
  }
}

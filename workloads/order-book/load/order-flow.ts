/** One step of a flow. `ref` numbers the orders of the flow; a later step names its order by it. */
export type FlowStep =
  | { readonly action: 'place'; readonly ref: number; readonly order: FlowOrder }
  | { readonly action: 'cancel'; readonly ref: number }
  | { readonly action: 'replace'; readonly ref: number; readonly price: string; readonly quantity: string };

/** Body of `POST /v1/orders`, without its client order id. */
export interface FlowOrder {
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly timeInForce: 'GTC' | 'IOC';
  readonly price: string;
  readonly quantity: string;
}

export interface FlowOptions {
  /** Symbol to trade. Default BTC-EUR with tick 0.01 and lot 0.0001. */
  readonly symbol?: string;
  /** Digits after the point of prices and quantities. */
  readonly priceDigits?: number;
  readonly quantityDigits?: number;
  /** Where the middle starts, in ticks. Default 5,000,000. */
  readonly startTicks?: number;
}

/** Open orders that a flow remembers to cancel or change; older ones are left to the market. */
const REMEMBERED = 400;

/**
 * An endless flow of a routine trading day, the same for the same seed: half new orders (one in seven immediate), four cancels and one
 * change in ten, prices crowded around a middle that walks. The shares are those of the public benchmark that the engine is held to.
 */
export function* orderFlow(seed: number, options: FlowOptions = {}): Generator<FlowStep, never> {
  const { symbol = 'BTC-EUR', priceDigits = 2, quantityDigits = 4, startTicks = 5_000_000 } = options;
  const random = xorshift(seed);
  const open: { readonly ref: number; readonly side: 'buy' | 'sell' }[] = [];
  let middle = startTicks;
  let issued = 0;
  const priceOf = (side: 'buy' | 'sell'): string => {
    // Mostly a few ticks away from the middle, sometimes far, sometimes through it.
    const away = Math.floor(random() ** 3 * 200) - 2;
    return decimal(side === 'buy' ? middle - away : middle + away, priceDigits);
  };
  const quantity = (): string => decimal(1 + Math.floor(random() ** 2 * 10_000), quantityDigits);
  for (;;) {
    if (random() < 0.1) middle = Math.max(1_000, middle + (random() < 0.5 ? -1 : 1));
    const kind = random();
    const chosen = open[Math.floor(random() * open.length)];
    if (kind < 0.5 || chosen === undefined) {
      const side = random() < 0.5 ? 'buy' : 'sell';
      const timeInForce = random() < 0.15 ? 'IOC' : 'GTC';
      const ref = issued++;
      if (timeInForce === 'GTC') open.push({ ref, side });
      if (open.length > REMEMBERED) open.shift();
      yield { action: 'place', ref, order: { symbol, side, timeInForce, price: priceOf(side), quantity: quantity() } };
    } else if (kind < 0.91) {
      open.splice(open.indexOf(chosen), 1);
      yield { action: 'cancel', ref: chosen.ref };
    } else {
      yield { action: 'replace', ref: chosen.ref, price: priceOf(chosen.side), quantity: quantity() };
    }
  }
}

/** `units` with the point set `digits` from the right. */
function decimal(units: number, digits: number): string {
  const text = String(units).padStart(digits + 1, '0');
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** Marsaglia's xorshift32: small, and the same on every machine. */
function xorshift(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4_294_967_296;
  };
}

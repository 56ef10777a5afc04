export type SelfTrade = 'newest' | 'oldest' | 'both' | 'decrement';

/** One message to a book, in the words of the tests. The reference matcher knows this shape and nothing of the engine. */
export type Message =
  | {
      readonly type: 'place';
      readonly id: number;
      readonly side: 'buy' | 'sell';
      readonly price: number;
      readonly quantity: number;
      readonly mode: 'gtc' | 'ioc' | 'fok' | 'post';
      /** The price is the end of the range: a band narrows it. */
      readonly market?: boolean;
      readonly owner?: number;
      readonly selfTrade?: SelfTrade;
      readonly stop?: number;
      readonly peak?: number;
      readonly partner?: number;
    }
  | { readonly type: 'cancel'; readonly id: number }
  | {
      readonly type: 'replace';
      readonly id: number;
      readonly price: number;
      readonly quantity: number;
      readonly mode: 'move' | 'keep' | 'post';
      readonly selfTrade?: SelfTrade;
    }
  | { readonly type: 'phase'; readonly phase: 'continuous' | 'halted' | 'call' }
  | { readonly type: 'band'; readonly lowest: number; readonly highest: number };

/** What a book looks like from outside: `price:volume` per level, best first; and what stands beside it. */
export interface Depth {
  readonly bids: readonly string[];
  readonly asks: readonly string[];
  /** `id>stop` of the waiting stops, first those that buy, each side in the order of triggering. */
  readonly stops: readonly string[];
  /** `id:quantity@price` of what a call has collected, oldest first. */
  readonly called: readonly string[];
  readonly lastPrice: number;
}

/** Anything that takes messages and says, as text, what happened. */
export interface Matcher {
  /** Returns one line per event, in order. */
  send(message: Message): string[];
  depth(): Depth;
}

/** Highest price of a book, and so the price of a market order that buys. */
export const HIGHEST = 2_147_483_646;

/**
 * Reads the notation of the hand-made sequences: `buy 1 5@100`, `sell 2 3@99 ioc`, `buy 3 1@market stop=105 with=1`,
 * `sell 4 9@101 peak=2 owner=7 stp=oldest`, `cancel 1`, `replace 1 4@101 keep`, `phase call`, `band 90 110`.
 */
export function parseMessage(text: string): Message {
  const [verb, first = '', rest = '', ...words] = text.split(' ');
  if (verb === 'phase') return { type: 'phase', phase: first as 'continuous' | 'halted' | 'call' };
  if (verb === 'band') return { type: 'band', lowest: Number(first), highest: Number(rest) };
  const id = Number(first);
  if (verb === 'cancel') return { type: 'cancel', id };
  const [quantityText, priceText] = rest.split('@');
  if (quantityText === undefined || priceText === undefined) throw new Error(`not a message: ${text}`);
  const quantity = Number(quantityText);
  const has = (word: string): boolean => words.includes(word);
  const options = new Map(
    words.filter((word) => word.includes('=')).map((word) => word.split('=') as [string, string]),
  );
  const selfTrade = options.get('stp') as SelfTrade | undefined;
  const stp = selfTrade === undefined ? {} : { selfTrade };
  if (verb === 'replace') {
    const mode = has('keep') ? 'keep' : has('post') ? 'post' : 'move';
    return { type: 'replace', id, price: Number(priceText), quantity, mode, ...stp };
  }
  if (verb !== 'buy' && verb !== 'sell') throw new Error(`not a message: ${text}`);
  const market = priceText === 'market';
  const number = (key: string, name: string) => (options.has(key) ? { [name]: Number(options.get(key)) } : {});
  return {
    type: 'place',
    id,
    side: verb,
    price: market ? (verb === 'buy' ? HIGHEST : 1) : Number(priceText),
    quantity,
    mode: has('fok') ? 'fok' : has('ioc') || market ? 'ioc' : has('post') ? 'post' : 'gtc',
    ...(market && { market }),
    ...stp,
    ...number('owner', 'owner'),
    ...number('stop', 'stop'),
    ...number('peak', 'peak'),
    ...number('with', 'partner'),
  };
}

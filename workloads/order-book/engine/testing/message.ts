/** One message to a book, in the words of the tests. The reference matcher knows this shape and nothing of the engine. */
export type Message =
  | {
      readonly type: 'place';
      readonly id: number;
      readonly side: 'buy' | 'sell';
      readonly price: number;
      readonly quantity: number;
      readonly mode: 'gtc' | 'ioc' | 'fok' | 'post';
    }
  | { readonly type: 'cancel'; readonly id: number }
  | {
      readonly type: 'replace';
      readonly id: number;
      readonly price: number;
      readonly quantity: number;
      readonly mode: 'move' | 'keep' | 'post';
    };

/** What a book looks like from outside: `price:volume` per level, best first. */
export interface Depth {
  readonly bids: readonly string[];
  readonly asks: readonly string[];
}

/** Anything that takes messages and says, as text, what happened. */
export interface Matcher {
  /** Returns one line per event, in order. */
  send(message: Message): string[];
  depth(): Depth;
}

/**
 * Reads `buy 1 5@100`, `sell 2 3@99 ioc`, `cancel 1`, `replace 1 4@101 keep`: the notation of the hand-made sequences.
 */
export function parseMessage(text: string): Message {
  const [verb, idText, rest = '', mode] = text.split(' ');
  const id = Number(idText);
  if (verb === 'cancel') return { type: 'cancel', id };
  const [quantity, price] = rest.split('@').map(Number);
  if (quantity === undefined || price === undefined) throw new Error(`not a message: ${text}`);
  if (verb === 'replace') {
    return { type: 'replace', id, price, quantity, mode: mode === 'keep' || mode === 'post' ? mode : 'move' };
  }
  if (verb !== 'buy' && verb !== 'sell') throw new Error(`not a message: ${text}`);
  return {
    type: 'place',
    id,
    side: verb,
    price,
    quantity,
    mode: mode === 'ioc' || mode === 'fok' || mode === 'post' ? mode : 'gtc',
  };
}

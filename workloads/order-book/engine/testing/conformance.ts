import { type Engine, EngineMatcher, ORDER_STORES } from './engine-matcher.ts';
import { HIGHEST, type Message, parseMessage, type SelfTrade } from './message.ts';
import { ReferenceMatcher } from './reference-matcher.ts';
import { type Sequence, sequences } from './sequences.ts';
import { surfaceSequences } from './surface-sequences.ts';

/** Throws at the first step of `sequence` whose events or book differ from what is written down. */
export function checkSequence(engine: Engine, sequence: Omit<Sequence, 'invariant'>): void {
  for (const store of ORDER_STORES) checkSequenceOf(new EngineMatcher(engine, store), sequence);
}

function checkSequenceOf(matcher: EngineMatcher, { name, steps }: Omit<Sequence, 'invariant'>): void {
  for (const [message, events, book] of steps) {
    expectEqual(`${name}: ${message}`, matcher.send(parseMessage(message)).join('; '), events);
    const { bids, asks } = matcher.depth();
    expectEqual(`${name}: book after ${message}`, `${bids.join(' ')} | ${asks.join(' ')}`.trim(), book);
    matcher.audit();
  }
}

/**
 * Throws at the first message after which a book, whichever way it finds its orders, and the reference matcher differ in events, or in depth, which is compared
 * with the book's inner accounts at every `depthEvery`th message.
 */
export function checkAgainstReference(engine: Engine, messages: Iterable<Message>, depthEvery = 1): void {
  const books = ORDER_STORES.map((store) => new EngineMatcher(engine, store));
  const reference = new ReferenceMatcher();
  let index = 0;
  for (const message of messages) {
    const context = `message ${index} ${JSON.stringify(message)}`;
    const expected = reference.send(message).join('; ');
    for (const book of books) expectEqual(context, book.send(message).join('; '), expected);
    if (index++ % depthEvery !== 0) continue;
    const depth = JSON.stringify(reference.depth());
    for (const book of books) {
      expectEqual(`book after ${context}`, JSON.stringify(book.depth()), depth);
      book.audit();
    }
  }
}

/** A single order fills `makers` makers at one price; then every one of their ids is free. */
export function checkSweep(engine: Engine, makers: number): void {
  for (const store of ORDER_STORES) checkSweepOf(new EngineMatcher(engine, store), makers);
}

function checkSweepOf(matcher: EngineMatcher, makers: number): void {
  for (let id = 1; id <= makers; id++) {
    matcher.send({ type: 'place', id, side: 'sell', price: 100, quantity: 2, mode: 'gtc' });
  }
  const events = matcher.send({ type: 'place', id: 0, side: 'buy', price: 100, quantity: 2 * makers, mode: 'gtc' });
  expectEqual('reports of the sweep', String(events.length), String(makers + 1));
  expectEqual('last trade', events.at(-1) ?? '', `trade 2@100 ${makers}<0`);
  for (let id = 1; id <= makers; id++) {
    expectEqual(`cancel ${id}`, matcher.send({ type: 'cancel', id }).join(), `no-cancel ${id}`);
  }
  matcher.audit();
}

/** Everything an engine must hold, in a few seconds; a seeded bug must make it throw. */
export function checkEngine(engine: Engine): void {
  for (const sequence of [...sequences, ...surfaceSequences]) checkSequence(engine, sequence);
  checkSweep(engine, 5_000);
  for (let seed = 1; seed <= 4; seed++) checkAgainstReference(engine, messageFlow(seed, 2_000));
  checkAgainstReference(engine, wideFlow(1, 3_000));
  for (let seed = 1; seed <= 6; seed++) checkAgainstReference(engine, fullFlow(seed, 2_000));
}

/**
 * `count` messages from a seed: a crowd at a few prices, a tail far away, ids that die and come back. Messages that name a
 * dead order are part of it: they must be refused.
 */
export function* messageFlow(seed: number, count: number): Generator<Message> {
  const random = mulberry32(seed);
  const pick = (size: number): number => Math.floor(random() * size);
  for (let index = 0; index < count; index++) {
    // Crowds in one word, in two words of one page and in other pages; wide moves make pages open and close.
    const centre = [1_000, 1_040, 1_090, 1_300][pick(4)] ?? 1_000;
    const price = random() < 0.05 ? 1 + pick(2_147_483_646) : centre + pick(12);
    const id = 1 + pick(120);
    const quantity = 1 + pick(9);
    const kind = random();
    if (kind < 0.2) yield { type: 'cancel', id };
    else if (kind < 0.4) {
      yield {
        type: 'replace',
        id,
        price,
        quantity,
        mode: (['move', 'move', 'keep', 'post'] as const)[pick(4)] ?? 'move',
      };
    } else {
      const mode = (['gtc', 'gtc', 'gtc', 'ioc', 'fok', 'post'] as const)[pick(6)] ?? 'gtc';
      yield { type: 'place', id, side: random() < 0.5 ? 'buy' : 'sell', price, quantity, mode };
    }
  }
}

/** Few orders over many pages, most of them gone soon: pages and blocks are gathered and come back. */
export function* wideFlow(seed: number, count: number): Generator<Message> {
  const random = mulberry32(seed);
  const pick = (size: number): number => Math.floor(random() * size);
  for (let index = 0; index < count; index++) {
    const id = 1 + pick(100);
    if (random() < 0.45) {
      yield { type: 'cancel', id };
    } else {
      const side = random() < 0.5 ? 'buy' : 'sell';
      // Thirds of a range each for bids, for both, and for asks, in steps of a block and of many pages.
      const third = side === 'buy' ? pick(2) : 1 + pick(2);
      const price = 1 + pick(3) + 32 * pick(40) + 100_000 * third * (1 + pick(3));
      yield { type: 'place', id, side, price, quantity: 1 + pick(9), mode: 'gtc' };
    }
  }
}

/** The whole order surface: owners who meet themselves, stops that trigger stops, pairs, auctions, halts and bands. */
export function* fullFlow(seed: number, count: number): Generator<Message> {
  const random = mulberry32(seed);
  const pick = (size: number): number => Math.floor(random() * size);
  const one = <T>(values: readonly [T, ...T[]]): T => values[pick(values.length)] ?? values[0];
  const selfTrade = (): { selfTrade?: SelfTrade } =>
    random() < 0.6 ? { selfTrade: one(['newest', 'oldest', 'both', 'decrement'] as const) } : {};
  for (let index = 0; index < count; index++) {
    const price = 1_000 + pick(14);
    const id = 1 + pick(60);
    const quantity = 1 + pick(12);
    const kind = random();
    if (kind < 0.15) yield { type: 'cancel', id };
    else if (kind < 0.3) {
      yield {
        type: 'replace',
        id,
        price,
        quantity,
        mode: one(['move', 'keep', 'keep', 'post'] as const),
        ...selfTrade(),
      };
    } else if (kind < 0.34) {
      yield { type: 'phase', phase: one(['continuous', 'continuous', 'call', 'halted'] as const) };
    } else if (kind < 0.36) {
      const lowest = random() < 0.5 ? 1 : 1_000 + pick(5);
      yield { type: 'band', lowest, highest: random() < 0.5 ? HIGHEST : 1_008 + pick(6) };
    } else {
      const side = random() < 0.5 ? 'buy' : 'sell';
      const market = random() < 0.1;
      yield {
        type: 'place',
        id,
        side,
        price: market ? (side === 'buy' ? HIGHEST : 1) : price,
        quantity,
        mode: market ? one(['ioc', 'fok'] as const) : one(['gtc', 'gtc', 'gtc', 'gtc', 'ioc', 'fok', 'post'] as const),
        ...(market && { market }),
        owner: pick(4),
        ...selfTrade(),
        ...(random() < 0.15 && { stop: 1_000 + pick(14) }),
        ...(random() < 0.2 && { peak: 1 + pick(4) }),
        ...(random() < 0.1 && { partner: 1 + pick(60) }),
      };
    }
  }
}

/** Small generator of known quality (Tommy Ettinger's mulberry32); the seed names the run. */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function expectEqual(context: string, actual: string, expected: string): void {
  if (actual !== expected) throw new Error(`${context}\n  expected ${expected}\n  got      ${actual}`);
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as book from './book.ts';
import * as hosted from './hosted-orders.ts';
import { MAX_PRICE } from './ladder.ts';
import * as reports from './reports.ts';
import { checkAgainstReference, fullFlow, messageFlow } from './testing/conformance.ts';
import { EngineMatcher } from './testing/engine-matcher.ts';
import { HIGHEST, type Message } from './testing/message.ts';

const engine = { book, hosted, reports };

const price = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 100, max: 110 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: MAX_PRICE }) },
  { weight: 1, arbitrary: fc.constantFrom(1, 255, 256, 257, MAX_PRICE - 1, MAX_PRICE) },
);
const quantity = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 1, max: 9 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: book.MAX_QUANTITY }) },
);
const id = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 1, max: 20 }) },
  // The same low 32 bits as the small ones.
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 20 }).map((low) => low + 2 ** 32) },
);
type Basic = Exclude<Message, { type: 'phase' | 'band' }>;
const message: fc.Arbitrary<Basic> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('place' as const),
      id,
      side: fc.constantFrom('buy' as const, 'sell' as const),
      price,
      quantity,
      mode: fc.constantFrom('gtc' as const, 'gtc' as const, 'ioc' as const, 'fok' as const, 'post' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('cancel' as const), id }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('replace' as const),
      id,
      price,
      quantity,
      mode: fc.constantFrom('move' as const, 'keep' as const, 'post' as const),
    }),
  },
);
const messages = fc.array(message, { maxLength: 150 });

function play(tape: readonly Message[]): { events: string[]; matcher: EngineMatcher } {
  const matcher = new EngineMatcher(engine);
  return { events: tape.flatMap((item) => matcher.send(item)), matcher };
}

const few = fc.integer({ min: 1, max: 15 });
const near = fc.integer({ min: 100, max: 110 });
const lots = fc.integer({ min: 1, max: 9 });
const selfTrade = fc.constantFrom('newest' as const, 'oldest' as const, 'both' as const, 'decrement' as const);
/** Everything a book takes. The halts are few: nothing happens in them. */
const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  { weight: 6, arbitrary: message },
  {
    weight: 12,
    arbitrary: fc.record(
      {
        type: fc.constant('place' as const),
        id: few,
        side: fc.constantFrom('buy' as const, 'sell' as const),
        price: near,
        quantity: lots,
        mode: fc.constantFrom(
          'gtc' as const,
          'gtc' as const,
          'gtc' as const,
          'ioc' as const,
          'fok' as const,
          'post' as const,
        ),
        owner: fc.integer({ min: 0, max: 2 }),
        selfTrade,
        stop: near,
        peak: fc.integer({ min: 1, max: 4 }),
        partner: few,
      },
      { requiredKeys: ['type', 'id', 'side', 'price', 'quantity', 'mode'] },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('phase' as const),
      phase: fc.constantFrom('continuous' as const, 'continuous' as const, 'call' as const, 'halted' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('band' as const),
      lowest: fc.constantFrom(1, 102),
      highest: fc.constantFrom(HIGHEST, 108),
    }),
  },
);
const anyMessages = fc.array(anyMessage, { maxLength: 120 });
/** Between two prices that are equally good an auction takes the lower, which a mirror turns into the higher. */
const tapesWithoutCalls = anyMessages.map((tape) =>
  tape.filter((item) => item.type !== 'phase' || item.phase !== 'call'),
);

describe('properties of the book', () => {
  it('agrees with the reference matcher on any tape of the whole order surface', () => {
    fc.assert(
      fc.property(anyMessages, (tape) => {
        checkAgainstReference(engine, tape);
      }),
      { numRuns: 300 },
    );
  });

  it.each([21, 22, 23])('agrees with the reference matcher on 10,000 messages of the full flow %i', (seed) => {
    checkAgainstReference(engine, fullFlow(seed, 10_000));
  });

  it('agrees with the reference matcher on any tape', () => {
    fc.assert(
      fc.property(messages, (tape) => {
        checkAgainstReference(engine, tape);
      }),
      { numRuns: 400 },
    );
  });

  it.each([11, 12, 13])('agrees with the reference matcher on 20,000 messages of flow %i', (seed) => {
    checkAgainstReference(engine, messageFlow(seed, 20_000));
  });

  it('mirrored sides give mirrored events, on the whole order surface', () => {
    const across = (at: number): number => MAX_PRICE + 1 - at;
    const mirror = (item: Message): Message => {
      if (item.type === 'band') return { ...item, lowest: across(item.highest), highest: across(item.lowest) };
      if (item.type === 'replace') return { ...item, price: across(item.price) };
      if (item.type !== 'place') return item;
      const side = item.side === 'buy' ? 'sell' : 'buy';
      return { ...item, side, price: across(item.price), ...(item.stop !== undefined && { stop: across(item.stop) }) };
    };
    const mirrorLine = (line: string): string =>
      line.replace(/@(\d+)/, (_, text: string) => `@${across(Number(text))}`);
    fc.assert(
      fc.property(tapesWithoutCalls, (tape) => {
        expect(play(tape.map(mirror)).events.map(mirrorLine)).toEqual(play(tape).events);
      }),
    );
  });

  it('stretched prices give stretched events, on the whole order surface', () => {
    const factor = 1_000;
    // The ends of a band stay where no price is beyond them.
    const stretched = (at: number): number => (at === 1 || at === HIGHEST ? at : at * factor);
    const stretch = (item: Message): Message => {
      if (item.type === 'band') return { ...item, lowest: stretched(item.lowest), highest: stretched(item.highest) };
      if (item.type === 'replace') return { ...item, price: item.price * factor };
      if (item.type !== 'place') return item;
      return { ...item, price: item.price * factor, ...(item.stop !== undefined && { stop: item.stop * factor }) };
    };
    const small = (item: Message): Message =>
      item.type === 'place' || item.type === 'replace' ? { ...item, price: (item.price % 2_000_000) + 1 } : item;
    const shrinkLine = (line: string): string =>
      line.replace(/@(\d+)/, (_, text: string) => `@${Number(text) / factor}`);
    fc.assert(
      fc.property(tapesWithoutCalls, (tape) => {
        const plain = tape.map(small);
        expect(play(plain.map(stretch)).events.map(shrinkLine)).toEqual(play(plain).events);
      }),
    );
  });

  it('two interleaved books do not feel each other', () => {
    fc.assert(
      fc.property(messages, messages, (left, right) => {
        const a = new EngineMatcher(engine);
        const b = new EngineMatcher(engine);
        const eventsOfA: string[] = [];
        const eventsOfB: string[] = [];
        for (let index = 0; index < Math.max(left.length, right.length); index++) {
          const first = left[index];
          const second = right[index];
          if (first !== undefined) eventsOfA.push(...a.send(first));
          if (second !== undefined) eventsOfB.push(...b.send(second));
        }
        expect(eventsOfA).toEqual(play(left).events);
        expect(eventsOfB).toEqual(play(right).events);
      }),
    );
  });

  it('what is submitted is filled, cancelled or resting', () => {
    fc.assert(
      fc.property(messages, (tape) => {
        const withoutReplace = tape.filter((item) => item.type !== 'replace');
        const { events, matcher } = play(withoutReplace);
        const sum = (pattern: RegExp): number =>
          events.reduce((total, line) => total + Number(pattern.exec(line)?.[1] ?? 0), 0);
        let resting = 0;
        for (const side of [book.BUY, book.SELL] as const) {
          matcher.book.eachOrder(side, (_id, _price, remaining) => {
            resting += remaining;
          });
        }
        const submitted = sum(/^accepted \d+ (\d+)@/);
        expect(submitted).toBe(2 * sum(/^trade (\d+)@/) + sum(/^cancelled \d+ (\d+)@/) + resting);
      }),
    );
  });

  it('a book rebuilt from its orders in price-time order behaves the same', () => {
    fc.assert(
      fc.property(messages, messages, (before, after) => {
        const { matcher } = play(before);
        const rebuilt = new EngineMatcher(engine);
        for (const side of [book.BUY, book.SELL] as const) {
          matcher.book.eachOrder(side, (orderId, at, remaining) => {
            rebuilt.book.restore(orderId, side, at, remaining);
          });
        }
        rebuilt.book.lastPrice = matcher.book.lastPrice;
        for (const item of after) expect(rebuilt.send(item)).toEqual(matcher.send(item));
        expect(rebuilt.depth()).toEqual(matcher.depth());
      }),
    );
  });
});

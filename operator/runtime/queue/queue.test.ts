import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { AGED_MS, createQueue, PRIORITIES, type Priority, type Queue } from './queue.ts';

const never = new AbortController().signal;
const newQueue = (clock = new VirtualClock(), random = () => 0): { clock: VirtualClock; queue: Queue<string> } => ({
  clock,
  queue: createQueue<string>({ clock, random, text: (key) => key }),
});

/** Takes what is there now, without waiting for more. */
async function takeAll(queue: Queue<string>): Promise<string[]> {
  const taken: string[] = [];
  while (queue.depth() > 0) {
    const item = await queue.take(never);
    if (item !== undefined) taken.push(item.key);
  }
  return taken;
}

test('more urgent keys go first; within a priority the first in is the first out', async () => {
  const { queue } = newQueue();
  queue.add('r', 'resync', '');
  queue.add('o1', 'owner', '');
  queue.add('o2', 'owner', '');
  queue.add('u', 'user', '');
  expect(await takeAll(queue)).toEqual(['u', 'o1', 'o2', 'r']);
});

test('a key that waits and is added as more urgent moves up and stays one', async () => {
  const { queue } = newQueue();
  queue.add('a', 'resync', 'first');
  queue.add('b', 'owner', '');
  queue.add('a', 'user', 'changed');
  queue.add('a', 'resync', 'later');
  expect(await queue.take(never)).toEqual({ key: 'a', reason: 'changed' });
  expect(await takeAll(queue)).toEqual(['b']);
});

test('back-off doubles from 5 ms to 5 minutes and starts small again after forget', () => {
  const { queue } = newQueue(new VirtualClock(), () => 1);
  const waits = Array.from({ length: 20 }, () => queue.addRateLimited('a', 'retry'));
  expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40]);
  expect(waits.at(-1)).toBe(300_000);
  queue.forget('a');
  expect(queue.addRateLimited('a', 'retry')).toBe(5);
});

test('of two delays the earlier counts, and a very long one does not become none', async () => {
  const { clock, queue } = newQueue();
  queue.addAfter('a', 1_000, 'owner', '');
  queue.addAfter('a', 500, 'owner', '');
  queue.addAfter('a', 700, 'owner', '');
  queue.addAfter('b', 40 * 86_400_000, 'owner', '');
  await clock.advance(499);
  expect(queue.depth()).toBe(0);
  await clock.advance(1);
  expect(await takeAll(queue)).toEqual(['a']);
  await clock.advance(86_400_000);
  expect(queue.depth()).toBe(0);
});

test('workers wait for keys, and leave when the queue stops or their signal aborts', async () => {
  const { queue } = newQueue();
  const leaving = new AbortController();
  const first = queue.take(never);
  const second = queue.take(leaving.signal);
  queue.add('a', 'user', '');
  expect(await first).toMatchObject({ key: 'a' });
  leaving.abort();
  expect(await second).toBeUndefined();
  const third = queue.take(never);
  queue.stop();
  expect(await third).toBeUndefined();
});

test('a key that is added while a worker has it comes back once, when that worker is done', async () => {
  const { queue } = newQueue();
  queue.add('a', 'owner', 'first');
  expect(await queue.take(never)).toMatchObject({ key: 'a' });
  queue.add('a', 'owner', 'again');
  queue.add('a', 'user', 'changed');
  expect(queue.depth()).toBe(0);
  queue.done('a');
  expect(queue.depth()).toBe(1);
  expect(await queue.take(never)).toEqual({ key: 'a', reason: 'changed' });
  queue.done('a');
  expect(queue.depth()).toBe(0);
});

test('a flood of urgent keys does not starve the others', async () => {
  const { clock, queue } = newQueue();
  queue.add('low', 'resync', '');
  let tookLow = -1;
  for (let second = 0; second < 120 && tookLow < 0; second++) {
    // Twice as many as can be taken.
    for (let i = 0; i < 20; i++) queue.add(`busy-${second}-${i}`, 'user', '');
    for (let i = 0; i < 10; i++) {
      const item = await queue.take(never);
      if (item?.key === 'low') tookLow = second;
      if (item !== undefined) queue.done(item.key);
    }
    await clock.advance(1_000);
  }
  expect(tookLow).toBeGreaterThanOrEqual(AGED_MS / 1_000);
  expect(tookLow).toBeLessThan(60);
});

test('a flood of aged keys, as after a restart, leaves every second take to what people change', async () => {
  const { clock, queue } = newQueue();
  for (let i = 0; i < 1_000; i++) queue.add(`initial-${i}`, 'resync', '');
  await clock.advance(2 * AGED_MS);
  for (let i = 0; i < 30; i++) queue.add(`changed-${i}`, 'user', '');
  const taken = (await takeAll(queue)).slice(0, 60);
  expect(taken.filter((key) => key.startsWith('changed-'))).toHaveLength(30);
});

test('under any flood that lasts, a key of the lowest priority is taken within 60 s', async () => {
  const load = fc.record({
    serviceMs: fc.integer({ min: 5, max: 500 }),
    /** Urgent keys that arrive for each one that is taken: from nearly enough for the workers to far too many. */
    userFlood: fc.double({ min: 0.5, max: 4, noNaN: true }),
    ownerFlood: fc.double({ min: 0, max: 4, noNaN: true }),
    /** The flood has been there for so long when the key arrives. */
    beforeMs: fc.integer({ min: 0, max: 100_000 }),
    /** Keys before it in its own lane, as work in milliseconds. */
    aheadMs: fc.integer({ min: 0, max: 5_000 }),
  });
  await fc.assert(
    fc.asyncProperty(load, async ({ serviceMs, userFlood, ownerFlood, beforeMs, aheadMs }) => {
      const { clock, queue } = newQueue();
      let arrived = 0;
      const arrive = (priority: Priority, flood: number, turn: number): void => {
        const count = Math.floor((turn + 1) * flood) - Math.floor(turn * flood);
        for (let i = 0; i < count; i++) queue.add(`${priority}-${arrived++}`, priority, '');
      };
      const ahead = Math.floor(aheadMs / serviceMs);
      let addedMs: number | undefined;
      for (let turn = 0; ; turn++) {
        arrive('user', userFlood, turn);
        arrive('owner', ownerFlood, turn);
        if (addedMs === undefined && clock.monotonic() >= beforeMs) {
          addedMs = clock.monotonic();
          for (let i = 0; i < ahead; i++) queue.add(`ahead-${i}`, 'resync', '');
          queue.add('low', 'resync', '');
        }
        if (addedMs !== undefined) expect(clock.monotonic() - addedMs).toBeLessThanOrEqual(60_000);
        const item = queue.depth() === 0 ? undefined : await queue.take(never);
        if (item?.key === 'low') return;
        clock.freeze(serviceMs);
        if (item !== undefined) queue.done(item.key);
      }
    }),
    // Smaller numbers say no more about a schedule, and looking for them takes a minute.
    { numRuns: 60, endOnFailure: true },
  );
}, 60_000);

test('a worker that was woken and leaves before it takes wakes another one', async () => {
  const { queue } = newQueue();
  const leaving = new AbortController();
  const first = queue.take(leaving.signal);
  const second = queue.take(never);
  queue.add('a', 'user', '');
  leaving.abort();
  expect(await first).toBeUndefined();
  expect(await second).toMatchObject({ key: 'a' });
});

test('a thousand delayed keys need one timer, and a queue that stopped none', async () => {
  const { clock, queue } = newQueue();
  for (let i = 0; i < 1_000; i++) queue.addAfter(`k${i}`, 10_000 - i, 'owner', '');
  expect(clock.pending).toBe(1);
  await clock.advance(9_500);
  expect(queue.depth()).toBe(500);
  expect(clock.pending).toBe(1);
  queue.stop();
  expect(clock.pending).toBe(0);
});

type Step =
  | { readonly do: 'add' | 'after' | 'retry'; readonly key: string; readonly priority: Priority; readonly ms: number }
  | { readonly do: 'take' | 'done' | 'tick'; readonly ms: number };

const key = fc.constantFrom('a', 'b', 'c', 'd');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('add', 'after', 'retry'),
      key,
      priority: fc.constantFrom(...PRIORITIES),
      ms: fc.nat(50),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('take', 'done', 'tick'), ms: fc.nat(50) }) },
) as fc.Arbitrary<Step>;

test('whatever happens: no key with two workers, none lost, none twice in the queue', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const { clock, queue } = newQueue();
      const working: string[] = [];
      // Keys that were asked for since their last take: each must be taken in the end.
      const owed = new Set<string>();
      const take = async (): Promise<void> => {
        const item = await queue.take(never);
        if (item === undefined) return;
        expect(working).not.toContain(item.key);
        working.push(item.key);
        owed.delete(item.key);
      };
      for (const next of steps) {
        if (next.do === 'add') queue.add(next.key, next.priority, '');
        else if (next.do === 'after') queue.addAfter(next.key, next.ms, next.priority, '');
        else if (next.do === 'retry') queue.addRateLimited(next.key, '');
        else if (next.do === 'tick') await clock.advance(next.ms);
        else if (next.do === 'take' && queue.depth() > 0) await take();
        else if (next.do === 'done' && working.length > 0) queue.done(working.shift() ?? '');
        if ('key' in next) owed.add(next.key);
        expect(queue.depth()).toBeLessThanOrEqual(4);
        expect(queue.working()).toHaveLength(working.length);
      }
      await clock.advance(400_000);
      for (const left of working.splice(0)) queue.done(left);
      while (queue.depth() > 0) {
        await take();
        queue.done(working.pop() ?? '');
      }
      expect([...owed]).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

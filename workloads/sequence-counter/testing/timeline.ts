/** Virtual time and seeded chance: the same seed plays the same schedule. */
export interface Timeline {
  /** Virtual ms since the start. */
  now(): number;
  /** In [0, 1). */
  random(): number;
  at(ms: number, callback: () => void): void;
  after(ms: number, callback: () => void): void;
  /** Plays everything up to `untilMs`. */
  run(untilMs: number): void;
}

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

export function createTimeline(seed: number): Timeline {
  const heap: Entry[] = [];
  let order = 0;
  let time = 0;
  let state = seed | 0;

  /** mulberry32: small, and good enough to choose schedules. */
  function random(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  function at(ms: number, callback: () => void): void {
    order += 1;
    push(heap, { at: ms, order, callback });
  }

  return {
    now: () => time,
    random,
    at,
    after: (ms, callback) => at(time + ms, callback),
    run: (untilMs) => {
      for (let next = pop(heap); next !== undefined && next.at <= untilMs; next = pop(heap)) {
        time = next.at;
        next.callback();
      }
    },
  };
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(heap: Entry[], entry: Entry): void {
  let index = heap.length;
  heap.push(entry);
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = heap[parentIndex];
    if (parent === undefined || !isBefore(entry, parent)) break;
    heap[index] = parent;
    index = parentIndex;
  }
  heap[index] = entry;
}

function pop(heap: Entry[]): Entry | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (top === undefined || last === undefined || heap.length === 0) return top;
  let index = 0;
  for (;;) {
    let childIndex = index * 2 + 1;
    let child = heap[childIndex];
    const right = heap[childIndex + 1];
    if (child === undefined) break;
    if (right !== undefined && isBefore(right, child)) {
      child = right;
      childIndex += 1;
    }
    if (!isBefore(child, last)) break;
    heap[index] = child;
    index = childIndex;
  }
  heap[index] = last;
  return top;
}

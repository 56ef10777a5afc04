import { REPORT_WORDS, Reports } from './reports.ts';

/**
 * Records per chunk and chunks in the ring, 2 MiB in all. A hand-over takes the line of PUBLISHED from one core to the other and back:
 * with chunks of 512 that cost a fifth of the whole rate. And a reader that loses its core for a moment does not stop the writer.
 */
const CHUNK_RECORDS = 4_096;
const CHUNKS = 16;
const CHUNK_WORDS = CHUNK_RECORDS * REPORT_WORDS;
// Each control word has a cache line of its own: the two threads would fight for a shared one.
const PUBLISHED = 0;
const TAKEN = 16;
const READER_SLEEPS = 32;
const WRITER_SLEEPS = 48;
const COUNTS = 64;
const DATA = COUNTS + CHUNKS;
/** Looks before a thread goes to sleep: some 20 µs, less than a sleep and a wake-up cost. */
const SPINS = 2_000;

interface Chunk {
  readonly words: Int32Array;
  readonly doubles: Float64Array;
}

/** The memory of one ring, to be shared with the other thread. */
export function createRingMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * (DATA + CHUNKS * CHUNK_WORDS));
}

/**
 * The writer's end of a ring that hands reports to another thread. The engine writes its records in place; a full chunk is handed on
 * by one store. When the reader is a whole ring behind, the writer waits: reports are never dropped.
 */
export class RingWriter {
  /** The engine's buffer, which is always the chunk at work. */
  readonly reports: Reports;
  private readonly control: Int32Array;
  private readonly chunks: Chunk[];
  private published = 0;

  constructor(memory: SharedArrayBuffer) {
    this.control = new Int32Array(memory, 0, DATA);
    this.chunks = chunksOf(memory);
    this.reports = new Reports(0, () => this.flush());
    const { words, doubles } = this.chunks[0] as Chunk;
    this.reports.useBuffer(words, doubles);
  }

  /** Hands on what is in the chunk at work, full or not, and makes the next one ready. */
  flush(): void {
    if (this.reports.count > 0) this.publish();
  }

  /** Hands on the last reports; then the reader's `take` answers once with undefined. Returns when it has read everything. */
  end(): void {
    this.flush();
    this.publish();
    this.awaitReader(0);
  }

  private publish(): void {
    const { control, reports } = this;
    control[COUNTS + ((this.published >>> 0) % CHUNKS)] = reports.count;
    this.published = (this.published + 1) | 0;
    Atomics.store(control, PUBLISHED, this.published);
    if (Atomics.load(control, READER_SLEEPS) !== 0) Atomics.notify(control, PUBLISHED);
    this.awaitReader(CHUNKS - 1);
    const next = this.chunks[(this.published >>> 0) % CHUNKS] as Chunk;
    reports.useBuffer(next.words, next.doubles);
    reports.count = 0;
  }

  /** Returns when the reader is at most `behind` chunks behind. */
  private awaitReader(behind: number): void {
    const { control } = this;
    let spins = SPINS;
    for (;;) {
      const taken = Atomics.load(control, TAKEN);
      if (((this.published - taken) | 0) <= behind) return;
      if (--spins > 0) continue;
      Atomics.store(control, WRITER_SLEEPS, 1);
      if (Atomics.load(control, TAKEN) === taken) Atomics.wait(control, TAKEN, taken);
      Atomics.store(control, WRITER_SLEEPS, 0);
    }
  }
}

/** The reader's end. `take` lends one chunk at a time. */
export class RingReader {
  private readonly control: Int32Array;
  private readonly chunks: Reports[];
  private taken = 0;

  constructor(memory: SharedArrayBuffer) {
    this.control = new Int32Array(memory, 0, DATA);
    this.chunks = chunksOf(memory).map(({ words, doubles }) => {
      const reports = new Reports(0);
      reports.useBuffer(words, doubles);
      return reports;
    });
  }

  /** Waits for the next chunk and lends it: its memory is the writer's again after `release`. Undefined at the writer's `end`. */
  take(): Reports | undefined {
    const { control } = this;
    let spins = SPINS;
    while (Atomics.load(control, PUBLISHED) === this.taken) {
      if (--spins > 0) continue;
      Atomics.store(control, READER_SLEEPS, 1);
      Atomics.wait(control, PUBLISHED, this.taken);
      Atomics.store(control, READER_SLEEPS, 0);
    }
    const at = (this.taken >>> 0) % CHUNKS;
    const chunk = this.chunks[at] as Reports;
    chunk.count = control[COUNTS + at] as number;
    if (chunk.count > 0) return chunk;
    this.release();
    return undefined;
  }

  /** Gives the chunk lent last back to the writer. */
  release(): void {
    const { control } = this;
    this.taken = (this.taken + 1) | 0;
    Atomics.store(control, TAKEN, this.taken);
    if (Atomics.load(control, WRITER_SLEEPS) !== 0) Atomics.notify(control, TAKEN);
  }
}

function chunksOf(memory: SharedArrayBuffer): Chunk[] {
  return Array.from({ length: CHUNKS }, (_, index) => {
    const words = new Int32Array(memory, 4 * (DATA + index * CHUNK_WORDS), CHUNK_WORDS);
    return { words, doubles: new Float64Array(memory, words.byteOffset, CHUNK_WORDS / 2) };
  });
}

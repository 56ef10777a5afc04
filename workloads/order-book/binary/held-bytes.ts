const NOTHING = Buffer.alloc(0);

/** What was read from a socket and not taken yet. */
export class HeldBytes {
  bytes: Buffer = NOTHING;
  private store: Buffer = NOTHING;

  /** Adds a read, where it stands: it is copied only when something of an earlier one is left. */
  add(chunk: Buffer): void {
    this.bytes = this.bytes.length === 0 ? chunk : this.joined(chunk);
  }

  /** The first `count` bytes were taken. */
  drop(count: number): void {
    this.bytes = count < this.bytes.length ? this.bytes.subarray(count) : NOTHING;
  }

  /** Moves what is left to memory of its own: that of the read is used again or given back. */
  keep(): void {
    if (this.bytes.length > 0 && this.bytes.buffer !== this.store.buffer) this.bytes = this.joined(NOTHING);
  }

  private joined(chunk: Buffer): Buffer {
    const { bytes } = this;
    const length = bytes.length + chunk.length;
    const store = length <= this.store.length ? this.store : Buffer.allocUnsafeSlow(2 * length);
    // The held bytes may stand in the same memory: `set` copies as if by way of another.
    store.set(bytes, 0);
    store.set(chunk, bytes.length);
    this.store = store;
    return store.subarray(0, length);
  }
}

/**
 * Gives back the memory of a read that nobody looks at any more. Each read has its own, and left to the collector of garbage, reads of
 * 250,000 commands a second have it walk the whole heap every second, which delays one command in a hundred by tens of milliseconds.
 */
export function giveBack({ buffer, byteLength }: Buffer): void {
  // Small reads may share memory with others.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

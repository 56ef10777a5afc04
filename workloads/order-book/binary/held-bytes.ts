const NOTHING = Buffer.alloc(0);

/** What was read from a socket and not taken yet. Whole reads are not copied: only when something of an earlier one is left. */
export class HeldBytes {
  bytes: Buffer = NOTHING;
  private store: Buffer = NOTHING;

  /** Adds a read. It may be held where it stands: whoever reads into the same memory again calls `keep` first. */
  add(chunk: Buffer): void {
    this.bytes = this.bytes.length === 0 ? chunk : this.joined(chunk);
  }

  /** The first `count` bytes were taken. */
  drop(count: number): void {
    this.bytes = count < this.bytes.length ? this.bytes.subarray(count) : NOTHING;
  }

  /** Moves what is left to memory of its own. */
  keep(): void {
    if (this.bytes.length > 0) this.bytes = this.joined(NOTHING);
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

const TWO_32 = 2 ** 32;

/** Appends numbers and text to a buffer that grows: the one binary notation of journal payloads and snapshots. */
export class ByteWriter {
  private content: Buffer;
  private view: DataView;
  private length = 0;
  private readonly Memory: typeof ArrayBuffer | typeof SharedArrayBuffer;

  /** `Memory`: with SharedArrayBuffer, another thread can read what is written without a copy. */
  constructor(capacity = 4_096, Memory: typeof ArrayBuffer | typeof SharedArrayBuffer = ArrayBuffer) {
    this.Memory = Memory;
    this.content = Buffer.from(new Memory(capacity));
    this.view = new DataView(this.content.buffer);
  }

  /** Bytes written since the last `take`. */
  get size(): number {
    return this.length;
  }

  u8(value: number): void {
    const at = this.reserve(1);
    this.view.setUint8(at, value);
  }

  u16(value: number): void {
    const at = this.reserve(2);
    this.view.setUint16(at, value, true);
  }

  u32(value: number): void {
    const at = this.reserve(4);
    this.view.setUint32(at, value, true);
  }

  /** A whole number in [0, 2^53). */
  u53(value: number): void {
    // Two halves: a BigInt per number would cost more than all the rest.
    const at = this.reserve(8);
    this.view.setUint32(at, value % TWO_32, true);
    this.view.setUint32(at + 4, Math.floor(value / TWO_32), true);
  }

  /** At most 65,535 bytes of UTF-8. */
  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.u16(length);
    const at = this.reserve(length);
    this.content.write(value, at, 'utf8');
  }

  bytes(value: Uint8Array): void {
    const at = this.reserve(value.length);
    this.content.set(value, at);
  }

  /** Room for `count` bytes, which the caller writes before anybody else writes. */
  room(count: number): Uint8Array {
    const at = this.reserve(count);
    return this.content.subarray(at, at + count);
  }

  /** A copy of what was written; the writer starts again. */
  take(): Uint8Array {
    const taken = new Uint8Array(this.written());
    this.length = 0;
    return taken;
  }

  /** What was written since the last `take` or `rewind`, where it stands. */
  written(): Uint8Array {
    return new Uint8Array(this.content.buffer, 0, this.length);
  }

  /** Forgets what was written after the first `size` bytes. */
  rewind(size = 0): void {
    this.length = size;
  }

  /** May replace `content` and `view`: ask first, then write. */
  private reserve(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.content.length) {
      const grown = Buffer.from(new this.Memory(Math.max(this.length, this.content.length * 2)));
      grown.set(this.content);
      this.content = grown;
      this.view = new DataView(grown.buffer);
    }
    return at;
  }
}

/** Reads what a ByteWriter wrote. Throws RangeError past the end: the checksums before it make that a bug, not damage. */
export class ByteReader {
  private readonly content: Buffer;
  private readonly view: DataView;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Bytes that were not read. */
  get left(): number {
    return this.content.length - this.at;
  }

  get done(): boolean {
    return this.at === this.content.length;
  }

  u8(): number {
    return this.view.getUint8(this.advance(1));
  }

  u16(): number {
    return this.view.getUint16(this.advance(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.advance(4), true);
  }

  u53(): number {
    const at = this.advance(8);
    return this.view.getUint32(at, true) + this.view.getUint32(at + 4, true) * TWO_32;
  }

  text(): string {
    const length = this.u16();
    const from = this.advance(length);
    if (this.at > this.content.length) throw new RangeError('text runs past the end');
    return this.content.toString('utf8', from, from + length);
  }

  /** The byte that comes next, without reading it. */
  next(): number {
    return this.view.getUint8(this.at);
  }

  bytes(length: number): Uint8Array {
    const from = this.advance(length);
    if (this.at > this.content.length) throw new RangeError('bytes run past the end');
    return this.content.subarray(from, from + length);
  }

  private advance(count: number): number {
    const at = this.at;
    this.at += count;
    return at;
  }
}

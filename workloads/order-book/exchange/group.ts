import { ByteWriter } from './bytes.ts';

/** A command or a batch of records in a group: where its bytes end, and who waits for it. */
interface Part {
  readonly apply: (bytes: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
  readonly from: number;
  readonly to: number;
}

/** Commands that go to disk as one frame. Their bytes are written as they arrive, and stay until all are applied. */
export class Group {
  /** Sequences that its commands take. */
  commands = 0;
  private readonly writer = new ByteWriter(1 << 16, SharedArrayBuffer);
  private parts: Part[] = [];

  get payload(): Uint8Array {
    return this.writer.written();
  }

  get bytes(): number {
    return this.writer.size;
  }

  /** Adds what `write` writes; `apply` is called with it when it is on disk. */
  add(
    commands: number,
    write: (writer: ByteWriter) => void,
    apply: (bytes: Uint8Array) => void,
    reject: (error: unknown) => void,
  ): void {
    const from = this.writer.size;
    try {
      write(this.writer);
    } catch (error) {
      // Half a command must not stand before the next one.
      this.writer.rewind(from);
      throw error;
    }
    this.parts.push({ apply, reject, from, to: this.writer.size });
    this.commands += commands;
  }

  applyAll(): void {
    const { payload } = this;
    for (const { apply, from, to } of this.parts) apply(payload.subarray(from, to));
  }

  rejectAll(error: unknown): void {
    for (const { reject } of this.parts) reject(error);
  }

  /** Ready for other commands. */
  clear(): void {
    this.commands = 0;
    this.parts = [];
    this.writer.rewind();
  }
}

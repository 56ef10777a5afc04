import { basename } from 'node:path';
import type { Disk, DiskFile } from '../disk.ts';

interface Content {
  bytes: Uint8Array;
  /** What a power cut would leave. */
  durable: Uint8Array;
}

/** An operation that is about to happen. Throwing makes it fail; for a write, `keep` bytes reach the file before that. */
export type Fault = (operation: Operation) => { readonly error: Error; readonly keep?: number } | undefined;
export type Operation =
  | { readonly kind: 'write'; readonly path: string; readonly bytes: number; readonly grows: number }
  | { readonly kind: 'datasync' | 'truncate' | 'open' | 'rename' | 'remove'; readonly path: string };

/**
 * A disk in memory that tells what was written from what is durable, and fails on demand. Names become durable at once: the
 * tests cut content, which is where the danger is.
 */
export class MemoryDisk implements Disk {
  private readonly files = new Map<string, Content>();
  /** Asked before every operation. */
  fault: Fault = () => undefined;
  /** Bytes that all files together may have. */
  capacity = Number.POSITIVE_INFINITY;
  private gate: Promise<void> = Promise.resolve();

  /** Lets no datasync end before what it returns is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gate = promise;
    return resolve;
  }

  async list(): Promise<string[]> {
    return [...this.files.keys()].map((path) => basename(path));
  }

  async read(path: string): Promise<Uint8Array> {
    return this.content(path).bytes.slice();
  }

  async open(path: string): Promise<DiskFile> {
    this.check({ kind: 'open', path });
    if (!this.files.has(path)) this.files.set(path, { bytes: new Uint8Array(0), durable: new Uint8Array(0) });
    const content = this.content(path);
    return {
      write: async (bytes, position) => {
        const name = this.nameOf(content);
        const grows = Math.max(0, position + bytes.length - content.bytes.length);
        const fault = this.fault({ kind: 'write', path: name, bytes: bytes.length, grows }) ?? this.lackOfRoom(grows);
        const written = fault === undefined ? bytes : bytes.subarray(0, fault.keep ?? 0);
        const grown = new Uint8Array(Math.max(content.bytes.length, position + written.length));
        grown.set(content.bytes);
        grown.set(written, position);
        content.bytes = grown;
        if (fault !== undefined) throw fault.error;
      },
      datasync: async () => {
        await this.gate;
        this.check({ kind: 'datasync', path });
        content.durable = content.bytes.slice();
      },
      truncate: async (length) => {
        this.check({ kind: 'truncate', path });
        content.bytes = content.bytes.slice(0, length);
      },
      close: async () => undefined,
    };
  }

  async rename(from: string, to: string): Promise<void> {
    this.check({ kind: 'rename', path: from });
    this.files.set(to, this.content(from));
    this.files.delete(from);
  }

  async remove(path: string): Promise<void> {
    this.check({ kind: 'remove', path });
    this.files.delete(path);
  }

  async syncDirectory(): Promise<void> {}

  /**
   * A copy as a power cut leaves it: of the bytes that were not forced to disk, the first `keep` of each file reached it, but not those
   * that replace others in the sectors that `loses` names.
   */
  afterPowerCut(keep: number, loses: (sector: number) => boolean = () => false): MemoryDisk {
    const copy = new MemoryDisk();
    for (const [path, content] of this.files) {
      const left = leftOf(content, keep, loses);
      copy.files.set(path, { bytes: left, durable: left });
    }
    return copy;
  }

  /** A copy with other content in one file. */
  with(path: string, bytes: Uint8Array): MemoryDisk {
    const copy = this.afterPowerCut(Number.POSITIVE_INFINITY);
    copy.files.set(path, { bytes, durable: bytes });
    return copy;
  }

  without(path: string): MemoryDisk {
    const copy = this.afterPowerCut(Number.POSITIVE_INFINITY);
    copy.files.delete(path);
    return copy;
  }

  paths(): string[] {
    return [...this.files.keys()].sort();
  }

  private content(path: string): Content {
    const content = this.files.get(path);
    if (content === undefined) throw Object.assign(new Error(`no file ${path}`), { code: 'ENOENT' });
    return content;
  }

  /** Bytes of all files. */
  get used(): number {
    return [...this.files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** A file that was renamed while it was open has its new name. */
  private nameOf(content: Content): string {
    return [...this.files].find(([, known]) => known === content)?.[0] ?? 'removed';
  }

  private lackOfRoom(grows: number): ReturnType<Fault> {
    return this.used + grows > this.capacity ? { error: diskError('ENOSPC') } : undefined;
  }

  private check(operation: Operation): void {
    const fault = this.fault(operation);
    if (fault !== undefined) throw fault.error;
  }
}

function leftOf({ bytes, durable }: Content, keep: number, loses: (sector: number) => boolean): Uint8Array {
  const left = bytes.slice();
  left.set(durable.subarray(0, bytes.length));
  let length = Math.min(bytes.length, durable.length);
  for (let at = 0, reached = 0; at < bytes.length && reached < keep; at++) {
    if (at < durable.length && bytes[at] === durable[at]) continue;
    reached++;
    length = Math.max(length, at + 1);
    if (at >= durable.length || !loses(at >> 9)) left[at] = bytes[at] as number;
  }
  return left.slice(0, length);
}

export function diskError(code: 'ENOSPC' | 'EIO' | 'EACCES' | 'EROFS'): Error {
  return Object.assign(new Error(`${code} of the test`), { code });
}

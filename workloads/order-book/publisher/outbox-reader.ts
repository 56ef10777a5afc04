import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '@sluice/kit';
import { errors } from '../errors.ts';
import type { Trade } from '../exchange/order.ts';
import { damaged } from './outbox.ts';
import { OUTBOX_HEADER_BYTES, outboxName, outboxStarts, readOutboxHeader, tradeOffset } from './outbox-segment.ts';
import { readTrade, TRADE_BYTES } from './trade-record.ts';

/** A trade with the index of its symbol. */
export interface NotedTrade {
  readonly symbol: number;
  readonly trade: Trade;
}

interface OpenFile {
  readonly start: number;
  readonly file: FileHandle;
}

/** Reads the files of an outbox while another thread appends to them. */
export class OutboxReader {
  private readonly directory: string;
  private current: OpenFile | undefined;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** The oldest trade that is kept, and the first one that ever was. Throws when there is no outbox. */
  async bounds(): Promise<{ first: number; origin: number }> {
    const [oldest] = outboxStarts(await readdir(this.directory));
    if (oldest === undefined) throw new Error(`no outbox in ${this.directory}`);
    const path = join(this.directory, outboxName(oldest));
    const file = await open(path);
    try {
      const { buffer } = await file.read(Buffer.alloc(OUTBOX_HEADER_BYTES), 0, OUTBOX_HEADER_BYTES, 0);
      const header = readOutboxHeader(buffer);
      if (header === undefined) throw damaged(path);
      return header;
    } finally {
      await file.close();
    }
  }

  /**
   * Trades from number `from` on: at least one and at most `max`, none after `last`, which is written. Rejects with
   * SLUICE_PUBLISH_GAP when `from` is not kept, with SLUICE_OUTBOX_DAMAGED when it is unreadable.
   */
  async read(from: number, max: number, last: number): Promise<NotedTrade[]> {
    const bytes = Buffer.allocUnsafe(Math.min(max, last - from + 1) * TRADE_BYTES);
    let { start, file } = await this.fileOf(from);
    let bytesRead = (await file.read(bytes, 0, bytes.length, tradeOffset(start, from))).bytesRead;
    if (bytesRead < TRADE_BYTES) {
      // The file was the last one when it was opened, and another follows it now.
      await this.close();
      ({ start, file } = await this.fileOf(from));
      bytesRead = (await file.read(bytes, 0, bytes.length, tradeOffset(start, from))).bytesRead;
    }
    if (bytesRead < TRADE_BYTES) throw missing(this.directory, from);
    return Array.from({ length: Math.floor(bytesRead / TRADE_BYTES) }, (_, index) => {
      const noted = readTrade(bytes, index * TRADE_BYTES);
      if (noted === undefined) throw damaged(join(this.directory, outboxName(start)), from + index);
      return noted;
    });
  }

  async close(): Promise<void> {
    await this.current?.file.close();
    this.current = undefined;
  }

  private async fileOf(number: number): Promise<OpenFile> {
    // It stays until a number is asked that it lacks, so a row of reads opens each file once.
    if (this.current !== undefined && this.current.start <= number) return this.current;
    await this.close();
    const start = outboxStarts(await readdir(this.directory)).findLast((first) => first <= number);
    if (start === undefined) throw missing(this.directory, number);
    this.current = { start, file: await open(join(this.directory, outboxName(start))) };
    return this.current;
  }
}

export function missing(directory: string, number: number): CodedError {
  const sentence = `The broker lacks trade ${number} and the outbox in ${directory} no longer has it: nothing is published, so that no consumer misses it unnoticed. Restore the broker's stream; or stop the book, remove its trades-*.log files and start it to publish from the next trade on.`;
  return new CodedError(errors.publishGap, sentence);
}

import { join } from 'node:path';
import { CodedError } from '@sluice/kit';
import { errors } from '../errors.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { ExchangeListener } from '../exchange/listener.ts';
import type { Trade } from '../exchange/order.ts';
import { type Disk, type DiskFile, isDiskFull } from '../journal/disk.ts';
import {
  encodeOutboxHeader,
  outboxName,
  outboxStarts,
  readOutboxHeader,
  tradeOffset,
  tradesIn,
} from './outbox-segment.ts';
import { readTrade, sealTrades, TRADE_BYTES, writeTrade } from './trade-record.ts';

export interface OutboxOptions {
  readonly disk: Disk;
  readonly directory: string;
  /** A file that has grown to this many bytes is followed by a new one. */
  readonly segmentBytes: number;
  /** Bytes of acknowledged trades that are kept, for a broker that forgets some of what it acknowledged. */
  readonly keepBytes: number;
  /** Waits before a full disk is tried again. */
  readonly pause: () => Promise<void>;
  /** Called when trades up to this number stand in files. */
  readonly onWritten?: (number: number) => void;
}

/** Room for trades of one commit; more is taken when it is needed. */
const PENDING_BYTES = 1 << 16;

/**
 * All trades of a book on their way to a broker, by one dense number over all symbols: the sum of the symbols' own sequences. The
 * files are derived data: what is missing at their end is made again by the replay of the journal, as long as `sync` came before
 * each snapshot, and what the replay makes again is compared with what is there.
 *
 * In this order: `listen`, while the book replays; `open`, and from then on `flush` after each commit.
 */
export class Outbox {
  /** Number of the oldest trade that is kept. */
  first = 1;
  /** Number of the last trade noted, and of the last one that stands in a file. */
  noted = 0;
  written = 0;
  private readonly options: OutboxOptions;
  /** Trades in a file. */
  private readonly capacity: number;
  /** Number of the first trade that ever was in this outbox. */
  private origin = 1;
  /** First numbers of the files, ascending. */
  private starts: number[] = [];
  /** The last number that stood in the files at the start: up to it, trades are compared. */
  private found = 0;
  /** First number of the file that is written to; undefined: the next trade begins a file. */
  private tail: number | undefined;
  private file: DiskFile | undefined;
  private pending = new Uint8Array(PENDING_BYTES);
  private pendingView = new DataView(this.pending.buffer);
  private pendingLength = 0;
  private isOpen = false;
  private running: Promise<void> | undefined;
  private full: CodedError | undefined;
  private broken: CodedError | undefined;
  private compared: { readonly start: number; readonly bytes: Uint8Array } | undefined;

  constructor(options: OutboxOptions) {
    this.options = options;
    this.capacity = Math.max(1, Math.floor(options.segmentBytes / TRADE_BYTES));
  }

  /** The listener that notes the trades of `exchange` from its present state on. */
  listen(exchange: Exchange): ExchangeListener {
    this.noted = tradesOf(exchange);
    this.written = this.noted;
    return { trade: (market, trade) => this.note(market.number, trade) };
  }

  /**
   * Takes the files in, to be called when the journal is replayed: they then hold all trades of the book from where they begin.
   * Rejects with SLUICE_OUTBOX_DIFFERS when the book has made other trades than those in the files, or fewer, and with
   * SLUICE_OUTBOX_DAMAGED when the head of a file is unreadable.
   */
  async open(): Promise<void> {
    const { directory, disk } = this.options;
    const replayedFrom = this.written + 1;
    await this.find(replayedFrom);
    this.isOpen = true;
    await this.writeThrough(this.noted);
    this.compared = undefined;
    if (this.found > this.noted) throw differs(directory, this.noted + 1);
    if (this.tail === undefined) await this.startFile(this.noted + 1);
    else this.file ??= await disk.open(this.pathOf(this.tail));
    this.confirm(this.noted);
  }

  /** Bytes of trades that are kept or wait to be written. */
  get bytes(): number {
    return (this.noted - this.first + 1) * TRADE_BYTES;
  }

  /** Bytes that wait to be written: more than a moment's worth when the disk is full or slow. */
  get pendingBytes(): number {
    return (this.noted - this.written) * TRADE_BYTES;
  }

  /** Why nothing is written any more. */
  get failure(): CodedError | undefined {
    return this.broken;
  }

  /** Starts to write what was noted. */
  flush(): void {
    if (!this.isOpen || this.running !== undefined || this.pendingLength === 0 || this.broken !== undefined) return;
    const from = this.written + 1;
    const bytes = this.takePending();
    this.running = this.store(from, bytes)
      .catch((error: unknown) => {
        this.broken = codedFailure(this.options.directory, error);
      })
      .finally(() => {
        this.running = undefined;
        this.flush();
      });
  }

  /** Resolves when every trade noted so far is on stable storage. A snapshot of the book waits for it. */
  async sync(): Promise<void> {
    // The kernel may have dropped what it could not write and report success next time: never try again.
    if (this.broken !== undefined) throw this.broken;
    await this.writeThrough(this.noted);
    try {
      await this.file?.datasync();
    } catch (error) {
      this.broken = codedFailure(this.options.directory, error);
      throw this.broken;
    }
  }

  /** Removes files of which the broker has acknowledged every trade, all but the last `keepBytes`. */
  async trim(acknowledged: number): Promise<void> {
    const { disk, keepBytes } = this.options;
    const needed = acknowledged + 1 - Math.ceil(keepBytes / TRADE_BYTES);
    for (;;) {
      const [oldest, next] = this.starts;
      if (oldest === undefined || next === undefined || next > needed) return;
      this.starts.shift();
      this.first = next;
      await disk.remove(this.pathOf(oldest));
    }
  }

  async close(): Promise<void> {
    await this.running;
    await this.file?.close();
  }

  /** Learns what stands in the files. */
  private async find(replayedFrom: number): Promise<void> {
    const { disk, directory } = this.options;
    this.starts = outboxStarts(await disk.list(directory));
    const [oldest, newest] = [this.starts[0], this.starts.at(-1)];
    if (oldest === undefined || newest === undefined) {
      this.first = replayedFrom;
      this.origin = replayedFrom;
      this.found = replayedFrom - 1;
      return;
    }
    const path = this.pathOf(newest);
    const bytes = await disk.read(path);
    // A crash came while the file was made: nothing was in it.
    if (readOutboxHeader(bytes) === undefined && tradesIn(bytes.length) === 0) {
      await disk.remove(path);
      return this.find(replayedFrom);
    }
    const head = this.pathOf(oldest);
    const header = readOutboxHeader(await disk.read(head));
    if (header?.first !== oldest) throw damaged(head);
    this.first = oldest;
    this.origin = header.origin;
    this.found = newest - 1 + tradesIn(bytes.length);
    // Behind a hole, which the publisher meets only when the broker lacks the same trades, a new file begins.
    this.tail = this.found < replayedFrom - 1 ? undefined : newest;
  }

  /** Only a note in memory: the book is in the middle of a command. */
  private note(symbol: number, trade: Trade): void {
    this.noted++;
    // A restart makes it again from the journal, which keeps it because no snapshot is taken any more.
    if (this.broken !== undefined) return;
    if (this.pendingLength + TRADE_BYTES > this.pending.length) this.grow();
    writeTrade(this.pendingView, this.pendingLength, symbol, trade);
    this.pendingLength += TRADE_BYTES;
  }

  private takePending(): Uint8Array {
    const isLarge = this.pending.length > PENDING_BYTES;
    const taken = isLarge ? this.pending.subarray(0, this.pendingLength) : this.pending.slice(0, this.pendingLength);
    // What a replay or a slow disk has made of it is given back.
    if (isLarge) this.usePending(new Uint8Array(PENDING_BYTES));
    this.pendingLength = 0;
    return taken;
  }

  private usePending(bytes: Uint8Array<ArrayBuffer>): void {
    this.pending = bytes;
    this.pendingView = new DataView(bytes.buffer);
  }

  private async writeThrough(number: number): Promise<void> {
    while (this.written < number) {
      if (this.broken !== undefined) throw this.broken;
      if (this.full !== undefined) throw this.full;
      if (!this.isOpen) throw new Error('the outbox is not open yet');
      this.flush();
      await this.running;
    }
  }

  /** Compares or appends trades that begin with number `from`. */
  private async store(from: number, bytes: Uint8Array): Promise<void> {
    sealTrades(bytes);
    const known = Math.min(bytes.length, Math.max(0, (this.found - from + 1) * TRADE_BYTES));
    if (known > 0) await this.compare(from, bytes.subarray(0, known));
    for (let done = known; done < bytes.length; ) {
      const number = from + done / TRADE_BYTES;
      const part = bytes.subarray(done, done + this.room(number));
      await this.append(number, part);
      done += part.length;
      this.confirm(from + done / TRADE_BYTES - 1);
    }
    this.confirm(from + bytes.length / TRADE_BYTES - 1);
  }

  private confirm(number: number): void {
    this.written = number;
    this.options.onWritten?.(number);
  }

  /** Bytes that still fit into the file of trade `number`. */
  private room(number: number): number {
    const used = this.isFull(number) ? 0 : number - (this.tail ?? number);
    return (this.capacity - used) * TRADE_BYTES;
  }

  /** Whether trade `number` begins a new file. */
  private isFull(number: number): boolean {
    return this.tail === undefined || number - this.tail >= this.capacity;
  }

  private async append(number: number, bytes: Uint8Array): Promise<void> {
    const { disk, directory, pause } = this.options;
    for (;;) {
      try {
        if (this.isFull(number)) await this.startFile(number);
        const start = this.tail ?? number;
        this.file ??= await disk.open(this.pathOf(start));
        await this.file.write(bytes, tradeOffset(start, number));
        this.full = undefined;
        return;
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        const sentence = `The disk of ${directory} is full: trades wait in memory. Free some space.`;
        this.full = new CodedError(errors.diskFull, sentence, { cause: error, retryAfterSeconds: 5 });
        await pause();
      }
    }
  }

  /** The file before is on disk as a whole, so a sync of the last file is a sync of all. */
  private async startFile(first: number): Promise<void> {
    const { disk, directory } = this.options;
    await this.file?.datasync();
    const file = await disk.open(this.pathOf(first));
    await file.truncate(0);
    await file.write(encodeOutboxHeader({ first, origin: this.origin }), 0);
    await file.datasync();
    await disk.syncDirectory(directory);
    await this.file?.close();
    this.file = file;
    this.tail = first;
    this.starts.push(first);
  }

  private async compare(from: number, made: Uint8Array): Promise<void> {
    let repaired: { readonly start: number; readonly file: DiskFile } | undefined;
    for (let at = 0; at < made.length; at += TRADE_BYTES) {
      const number = from + at / TRADE_BYTES;
      const start = this.starts.findLast((first) => first <= number);
      // Trimmed already.
      if (start === undefined) continue;
      const stored = await this.content(start);
      const offset = tradeOffset(start, number);
      const record = stored.subarray(offset, offset + TRADE_BYTES);
      const trade = made.subarray(at, at + TRADE_BYTES);
      // A short one: in front of a hole.
      if (record.length < TRADE_BYTES || Buffer.compare(record, trade) === 0) continue;
      // An intact one that is different was perhaps published; one that a power cut left half written is only made again.
      if (readTrade(record, 0) !== undefined) throw differs(this.options.directory, number);
      if (repaired?.start !== start) {
        await closeSynced(repaired?.file);
        repaired = { start, file: await this.options.disk.open(this.pathOf(start)) };
      }
      await repaired.file.write(trade, offset);
    }
    await closeSynced(repaired?.file);
  }

  private async content(start: number): Promise<Uint8Array> {
    if (this.compared?.start !== start) {
      this.compared = { start, bytes: await this.options.disk.read(this.pathOf(start)) };
    }
    return this.compared.bytes;
  }

  private pathOf(first: number): string {
    return join(this.options.directory, outboxName(first));
  }

  private grow(): void {
    const grown = new Uint8Array(this.pending.length * 2);
    grown.set(this.pending);
    this.usePending(grown);
  }
}

async function closeSynced(file: DiskFile | undefined): Promise<void> {
  await file?.datasync();
  await file?.close();
}

/** How many trades a book has made: the number of its last one. */
export function tradesOf(exchange: Exchange): number {
  let trades = 0;
  for (const { tradeSequence } of exchange.markets.values()) trades += tradeSequence;
  return trades;
}

function differs(directory: string, number: number): CodedError {
  const sentence = `Trade ${number} of the outbox in ${directory} is not the one that the journal makes: they are of different times or books. Put back the whole directory, or remove its trades-*.log files to publish from the next trade on.`;
  return new CodedError(errors.outboxDiffers, sentence);
}

export function damaged(path: string, number?: number): CodedError {
  const what = number === undefined ? 'its head' : `trade ${number}`;
  const sentence = `${path} is damaged: ${what} fails its checksum. Nothing was changed; restore the file, or remove the trades-*.log files to publish from the next trade on.`;
  return new CodedError(errors.outboxDamaged, sentence);
}

function codedFailure(directory: string, error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const sentence = `The outbox in ${directory} could not be written (${reason}). No trade is lost, a restart makes them again from the journal: check the disk, then start the program again.`;
  return new CodedError(errors.outboxFailed, sentence, { cause: error });
}

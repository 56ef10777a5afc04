import { createHash } from 'node:crypto';
import { REPORT_WORDS, type Reports, ReportType } from '../engine/reports.ts';
import { BadWorkload } from './columns.ts';

/** Lines that are joined before they are hashed: an update per line would cost more than the hash. */
const BATCH = 8_192;

/**
 * The oracle's report text, hashed as it is written: one report per line, those of one message in the order of their types. A
 * message may begin in one call of `add` and end in the next.
 */
export class ReportText {
  /** Trades so far. */
  fills = 0;
  private readonly hash = createHash('sha256');
  private readonly prices: Int32Array | undefined;
  private sequence = -1;
  private lines: string[] = [];
  private types: number[] = [];
  private batch: string[] = [];
  private isFirst = true;

  /** `prices`: what the prices in the reports are ranks of; absent: they are ticks. */
  constructor(prices: Int32Array | undefined) {
    this.prices = prices;
  }

  /** Throws a BadWorkload when an order was placed whose id another one had: the text has no line for it. */
  add(reports: Reports): void {
    const { words } = reports;
    for (let at = 0; at < reports.count * REPORT_WORDS; at += REPORT_WORDS) {
      const sequence = (words[at + 3] as number) >>> 0;
      if (sequence !== this.sequence) {
        this.endMessage();
        this.sequence = sequence;
      }
      const type = (words[at] as number) & 255;
      let place = this.lines.length;
      while (place > 0 && (this.types[place - 1] as number) > type) place--;
      this.lines.splice(place, 0, this.line(reports, at, type));
      this.types.splice(place, 0, type);
    }
  }

  /** The SHA-256 of the whole text in hex. */
  digest(): string {
    this.endMessage();
    this.endBatch();
    return this.hash.digest('hex');
  }

  private line({ words, doubles }: Reports, at: number, type: number): string {
    const { sequence } = this;
    const side = ((words[at] as number) >> 8) & 255;
    const quantity = words[at + 2] as number;
    const id = doubles[(at >> 1) + 2] as number;
    switch (type) {
      case ReportType.trade:
        this.fills++;
        return `1,${sequence},${this.price(words, at)},${quantity},${id},${doubles[(at >> 1) + 3]}`;
      case ReportType.cancelled:
        return `2,${sequence},${side},${id},${this.price(words, at)}`;
      case ReportType.cancelRejected:
      case ReportType.modifyRejected:
        return `${type},${sequence},${id}`;
      case ReportType.rejected:
        throw new BadWorkload(`message ${sequence} places order ${id}, and an order with this id is still there`);
      default:
        return `${type},${sequence},${side},${id},${this.price(words, at)},${quantity}`;
    }
  }

  private price(words: Int32Array, at: number): number {
    const price = words[at + 1] as number;
    return this.prices === undefined ? price : (this.prices[price - 1] as number);
  }

  private endMessage(): void {
    for (const line of this.lines) this.batch.push(line);
    this.lines.length = 0;
    this.types.length = 0;
    if (this.batch.length >= BATCH) this.endBatch();
  }

  private endBatch(): void {
    if (this.batch.length === 0) return;
    const text = this.batch.join('\n');
    this.hash.update(this.isFirst ? text : `\n${text}`);
    this.isFirst = false;
    this.batch = [];
  }
}

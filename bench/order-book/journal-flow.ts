import { RECORD_BYTES, RecordKind } from '../../workloads/order-book/exchange/record.ts';
import { termsByte } from '../../workloads/order-book/exchange/terms.ts';

const plain = { type: 'limit', timeInForce: 'GTC', postOnly: false, selfTrade: 'allow' } as const;
const TERMS = [termsByte({ ...plain, side: 0 }), termsByte({ ...plain, side: 1 })] as const;
const TAKE = [
  termsByte({ ...plain, timeInForce: 'IOC', side: 0 }),
  termsByte({ ...plain, timeInForce: 'IOC', side: 1 }),
] as const;
const MIDDLE = 100_000;
const LEVELS = 512;

export interface Shape {
  readonly accounts: number;
  readonly symbols: number;
}

/**
 * Command records as a busy book sees them, the same for the same seed. Of a hundred: 48 new limit orders that rest within 512 ticks
 * of the middle, 48 cancels by client order id of the oldest order of the account, 4 immediate orders of six lots that take what is
 * best. Each account counts its client order ids. As many orders come as go.
 */
export class OrderFlow {
  private readonly shape: Shape;
  private state: number;
  /** By account: its next client order id, and its oldest order that was not cancelled. */
  private readonly next: Uint32Array;
  private readonly oldest: Uint32Array;

  constructor(seed: number, shape: Shape) {
    this.state = seed;
    this.shape = shape;
    this.next = new Uint32Array(shape.accounts).fill(1);
    this.oldest = new Uint32Array(shape.accounts).fill(1);
  }

  /** New orders that rest and nothing else. */
  fillResting(into: Uint8Array, timeMs: number): void {
    this.fill(into, timeMs, 48);
  }

  fillMixed(into: Uint8Array, timeMs: number): void {
    this.fill(into, timeMs, 100);
  }

  private fill(into: Uint8Array, timeMs: number, choices: number): void {
    const view = new DataView(into.buffer, into.byteOffset, into.length);
    for (let at = 0; at < into.length; at += RECORD_BYTES) {
      const choice = this.random(choices);
      const account = this.random(this.shape.accounts);
      if (choice < 48 || this.oldest[account] === this.next[account]) this.rest(view, at, account);
      else if (choice < 96) this.cancel(view, at, account);
      else this.take(view, at, account);
      view.setFloat64(at + 32, timeMs, true);
    }
  }

  private rest(view: DataView, at: number, account: number): void {
    const side = this.random(2) as 0 | 1;
    const away = 1 + this.random(LEVELS);
    const clientId = this.next[account] as number;
    this.next[account] = clientId + 1;
    this.write(view, at, RecordKind.place, TERMS[side], account, clientId);
    view.setUint32(at + 16, side === 0 ? MIDDLE - away : MIDDLE + away, true);
    view.setUint32(at + 20, 1 + this.random(9), true);
  }

  private cancel(view: DataView, at: number, account: number): void {
    const clientId = this.oldest[account] as number;
    this.oldest[account] = clientId + 1;
    this.write(view, at, RecordKind.cancelByClientId, 0, account, clientId);
  }

  private take(view: DataView, at: number, account: number): void {
    const side = this.random(2) as 0 | 1;
    this.write(view, at, RecordKind.place, TAKE[side], account, 0);
    view.setUint32(at + 16, side === 0 ? MIDDLE + LEVELS : MIDDLE - LEVELS, true);
    view.setUint32(at + 20, 6, true);
  }

  private write(view: DataView, at: number, kind: number, terms: number, account: number, clientId: number): void {
    view.setUint8(at, kind);
    view.setUint8(at + 1, terms);
    view.setUint16(at + 2, this.random(this.shape.symbols), true);
    view.setUint32(at + 4, 1 + account, true);
    view.setUint32(at + 8, clientId, true);
    for (let field = 12; field < 32; field += 4) view.setUint32(at + field, 0, true);
  }

  /** An integer in [0, bound). xorshift32. */
  private random(bound: number): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x;
    return (x >>> 0) % bound;
  }
}

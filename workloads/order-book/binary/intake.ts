import { CodedError } from '@sluice/kit';
import type { Clock } from '@sluice/runtime/clock';
import type { Logger, Metrics } from '@sluice/runtime/telemetry';
import { errors } from '../errors.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { NO_ORDER, REFUSALS, RESULT_BYTES, RecordKind } from '../exchange/record.ts';
import type { Sequencer } from '../exchange/sequencer.ts';
import { timeInForceOf } from '../exchange/terms.ts';
import type { RateLimit } from '../gateway/rate-limit.ts';
import type { orderBookMetrics } from '../metrics.ts';
import { RESULT, writeRefusal } from './answer-frame.ts';
import type { AnswerQueue, Taken } from './answer-queue.ts';
import { codeNumber, numberOfCode } from './codes.ts';
import {
  BROKEN,
  checkFrame,
  FRAME_BYTES,
  KIND,
  REQUEST,
  RESERVED,
  STOP_PRICE,
  SYMBOL,
  TERMS,
} from './command-frame.ts';
import type { Intake } from './connection.ts';

export interface IntakeOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly exchange: Exchange;
  readonly sequencer: Sequencer;
  /** By the number of the symbol: 1 when it takes new orders. */
  readonly trading: Uint8Array;
  /** Shared with the other doors. */
  readonly rateLimit: RateLimit;
  readonly maxOpenOrders: number;
  /** Why no command that could trade is taken now; undefined when it is. */
  readonly refusal: () => CodedError | undefined;
  readonly metrics: Metrics<typeof orderBookMetrics>;
}

const UNKNOWN_SYMBOL = codeNumber('unknownSymbol');
const BOOK_FULL = codeNumber('bookFull');
const RATE_LIMITED = codeNumber('rateLimited');
const INTERNAL = codeNumber('internal');
/** By the number of a refusal. */
const CODE_OF_REFUSAL = Uint16Array.from(REFUSALS, (name) =>
  name === undefined ? 0 : numberOfCode(errors[name].code),
);
/** By record kind. */
const KINDS = ['', 'place', 'cancel', 'replace', 'cancel', 'replace'] as const;
const RESULTS = ['accepted', 'repeated', 'refused'] as const;

/** First byte of the place of a result while its command is at the book. */
const WAITING = 0;

/** Takes frames of `account` to the sequencer, a read at a time. `number` is what command records call the account. */
export function createIntake(options: IntakeOptions, account: string, number: number): Intake {
  return new FrameIntake(options, account, number);
}

class FrameIntake implements Intake {
  private readonly options: IntakeOptions;
  private readonly account: string;
  private readonly number: number;
  /** Why each frame of the read at work is refused; 0: it goes to the book. */
  private codes = new Uint16Array(0);

  constructor(options: IntakeOptions, account: string, number: number) {
    this.options = options;
    this.account = account;
    this.number = number;
  }

  take(bytes: Buffer, count: number, answers: AnswerQueue, onAnswered: () => void): number {
    if (this.codes.length < count) this.codes = new Uint16Array(count);
    const frames = new DataView(bytes.buffer, bytes.byteOffset, count * FRAME_BYTES);
    const held = this.options.refusal();
    const whole = this.check(frames, held === undefined ? 0 : numberOfCode(held.code));
    if (whole === 0) return 0;
    const passed = this.limitRate(whole);
    const taken = answers.take(whole);
    this.begin(frames, answers, taken, held);
    const done = (): void => {
      answers.answered(taken);
      onAnswered();
    };
    if (passed === 0) {
      done();
      return whole;
    }
    this.options.sequencer.submitBatch(passed, {
      write: (room) => this.writeRecords(room, bytes, whole),
      applied: (results) => {
        this.answer(answers, taken, results);
        done();
      },
      refused: (error) => {
        this.refuse(answers, taken, error);
        done();
      },
    });
    return whole;
  }

  /** Finds the code of each frame; `held` for one that could trade, unless it is 0. Returns how many there are before a broken one. */
  private check(frames: DataView, held: number): number {
    const { codes } = this;
    const { exchange, sequencer, trading, maxOpenOrders } = this.options;
    // Each command under way may become an open order.
    let room = maxOpenOrders - exchange.orders.open - sequencer.pending;
    let index = 0;
    for (let at = 0; at < frames.byteLength; at += FRAME_BYTES, index++) {
      let code = checkFrame(frames, at);
      if (code === BROKEN) return index;
      const kind = frames.getUint8(at + KIND);
      if (code === 0 && kind !== RecordKind.cancel && kind !== RecordKind.cancelByClientId) code = held;
      if (code === 0 && kind === RecordKind.place) {
        const mayStay =
          timeInForceOf(frames.getUint8(at + TERMS)) === 0 || frames.getUint32(at + STOP_PRICE, true) !== 0;
        if (trading[frames.getUint16(at + SYMBOL, true)] !== 1) code = UNKNOWN_SYMBOL;
        else if (mayStay && room-- <= 0) code = BOOK_FULL;
      }
      codes[index] = code;
    }
    return index;
  }

  /** Marks what the account may not send now. Returns how many of the first `count` frames go to the book. */
  private limitRate(count: number): number {
    const { codes, account } = this;
    const { rateLimit, metrics } = this.options;
    let asked = 0;
    for (let index = 0; index < count; index++) if (codes[index] === 0) asked++;
    const granted = asked === 0 ? 0 : rateLimit.take(account, asked);
    if (granted === asked) return granted;
    metrics.rateLimited.inc(asked - granted);
    let left = granted;
    for (let index = 0; index < count; index++) {
      if (codes[index] === 0 && left-- <= 0) codes[index] = RATE_LIMITED;
    }
    return granted;
  }

  /** Writes the results of the frames that do not go to the book, and into the places of the others what they are of. */
  private begin(frames: DataView, answers: AnswerQueue, { from, to }: Taken, held: CodedError | undefined): void {
    const { view } = answers;
    const perSecond = this.options.rateLimit.perSecondOf(this.account);
    const heldCode = held === undefined ? 0 : numberOfCode(held.code);
    let limited = 0;
    for (let index = from, frameAt = 0; index < to; index++, frameAt += FRAME_BYTES) {
      const at = answers.placeOf(index);
      const request = frames.getUint32(frameAt + REQUEST, true);
      const code = this.codes[index - from] ?? INTERNAL;
      if (code === 0) {
        view.setUint8(at, WAITING);
        view.setUint8(at + 1, frames.getUint8(frameAt + KIND));
        view.setUint32(at + 4, request, true);
        continue;
      }
      let waitMs = 0;
      if (code === RATE_LIMITED) waitMs = Math.ceil((++limited * 1_000) / perSecond);
      else if (code === BOOK_FULL) waitMs = 5_000;
      else if (code === heldCode) waitMs = (held?.retryAfterSeconds ?? 0) * 1_000;
      writeRefusal(view, at, request, code, waitMs);
    }
  }

  /** Writes those of the first `count` frames that go to the book as command records: with account and time in them. */
  private writeRecords(room: Uint8Array, bytes: Buffer, count: number): void {
    const { codes, number } = this;
    const timeMs = this.options.clock.now();
    let length = 0;
    // Frames that stay side by side are copied by one call: mostly that is the whole read.
    for (let index = 0, first = 0; index <= count; index++) {
      if (index < count && codes[index] === 0) continue;
      room.set(bytes.subarray(first * FRAME_BYTES, index * FRAME_BYTES), length);
      length += (index - first) * FRAME_BYTES;
      first = index + 1;
    }
    const records = new DataView(room.buffer, room.byteOffset, length);
    for (let at = 0; at < length; at += FRAME_BYTES) {
      records.setUint32(at + REQUEST, number, true);
      records.setFloat64(at + RESERVED, timeMs, true);
    }
  }

  /** Writes what the book said, and counts it: once per kind and result, as a label look-up costs as much as a command. */
  private answer(answers: AnswerQueue, { from, to }: Taken, said: Uint8Array): void {
    const { view } = answers;
    const { metrics } = this.options;
    const results = new DataView(said.buffer, said.byteOffset, said.length);
    const counts = new Uint32Array(KINDS.length * RESULTS.length);
    for (let index = from, resultAt = 0; index < to; index++) {
      const at = answers.placeOf(index);
      if (view.getUint8(at) !== WAITING) continue;
      const kind = view.getUint8(at + 1);
      const code = CODE_OF_REFUSAL[results.getUint8(resultAt + 1)] ?? INTERNAL;
      const pair = kind * RESULTS.length + (code === 0 ? results.getUint8(resultAt + 3) : 2);
      counts[pair] = (counts[pair] ?? 0) + 1;
      writeResult(view, at, code, results, resultAt);
      resultAt += RESULT_BYTES;
    }
    for (let pair = 0; pair < counts.length; pair++) {
      const count = counts[pair] ?? 0;
      const kind = KINDS[Math.floor(pair / RESULTS.length)];
      const result = RESULTS[pair % RESULTS.length];
      if (count > 0 && kind !== undefined && result !== undefined) metrics.commands.inc({ kind, result }, count);
    }
  }

  /** Writes one refusal for all frames that should have gone to the book. */
  private refuse(answers: AnswerQueue, { from, to }: Taken, error: unknown): void {
    const isCoded = error instanceof CodedError;
    if (!isCoded) this.options.log.error({ err: error }, 'a batch of command frames failed');
    const code = isCoded ? numberOfCode(error.code) : INTERNAL;
    const waitMs = isCoded ? (error.retryAfterSeconds ?? 0) * 1_000 : 0;
    const { view } = answers;
    for (let index = from; index < to; index++) {
      const at = answers.placeOf(index);
      if (view.getUint8(at) === WAITING) writeRefusal(view, at, view.getUint32(at + 4, true), code, waitMs);
    }
  }
}

/** Turns the result of a record into the result frame at `at`, where the request number stands already. */
function writeResult(view: DataView, at: number, code: number, results: DataView, from: number): void {
  const status = results.getUint8(from);
  view.setUint8(at, RESULT);
  view.setUint8(at + 1, status === NO_ORDER ? 0 : status + 1);
  view.setUint16(at + 2, code, true);
  // Order id, price, quantity, filled and last price lie at the same offsets in both.
  for (let word = 8; word < RESULT_BYTES; word += 4) view.setUint32(at + word, results.getUint32(from + word));
  view.setUint32(at + 32, results.getUint32(from + 4, true), true);
  view.setUint8(at + 36, results.getUint8(from + 2));
  view.setUint8(at + 37, results.getUint8(from + 3));
  view.setUint16(at + 38, 0);
}

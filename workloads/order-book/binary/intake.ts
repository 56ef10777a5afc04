import { CodedError } from '@sluice/kit';
import type { Clock } from '@sluice/runtime/clock';
import type { Logger, Metrics } from '@sluice/runtime/telemetry';
import { errors } from '../errors.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { NO_ORDER, REFUSALS, RESULT_BYTES, RecordKind } from '../exchange/record.ts';
import type { Sequencer } from '../exchange/sequencer.ts';
import type { RateLimit } from '../gateway/rate-limit.ts';
import type { orderBookMetrics } from '../metrics.ts';
import { ANSWER_BYTES, RESULT, writeRefusal } from './answer-frame.ts';
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
import type { Intake, Taken } from './connection.ts';

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

/** The frames of one take, the code of each (0: it goes to the book), and the room for their results. */
interface Batch {
  readonly frames: DataView;
  readonly codes: Uint16Array;
  readonly answers: Buffer;
  readonly results: DataView;
}

/** Takes frames of `account` to the sequencer, a batch at a time. `number` is what command records call the account. */
export function createIntake(options: IntakeOptions, account: string, number: number): Intake {
  const { sequencer, log, clock } = options;
  return {
    take: (bytes, count): Taken => {
      const frames = new DataView(bytes.buffer, bytes.byteOffset, count * FRAME_BYTES);
      const codes = new Uint16Array(count);
      const held = options.refusal();
      const taken = checkFrames(options, frames, codes, held === undefined ? 0 : numberOfCode(held.code));
      const answers = Buffer.alloc(taken * ANSWER_BYTES);
      const results = new DataView(answers.buffer, answers.byteOffset, answers.length);
      const batch = { frames, codes: codes.subarray(0, taken), answers, results };
      const passed = limitRate(options, account, batch);
      const isBroken = taken < count;
      refuseMarked(batch, options.rateLimit.perSecond, held);
      if (passed === 0) return { taken, isBroken, answers };
      const answered = sequencer.submitRecords(recordsOf(batch, bytes, passed, number, clock.now())).then(
        (records) => {
          answer(batch, records);
          countCommands(options, batch);
        },
        (error: unknown) => {
          if (!(error instanceof CodedError)) log.error({ err: error }, 'a batch of command frames failed');
          refuseRest(batch, error);
        },
      );
      return { taken, isBroken, answers: answered.then(() => answers) };
    },
  };
}

/** Writes the code of each frame; `held` for one that could trade, unless it is 0. Returns how many there are before a broken one. */
function checkFrames(options: IntakeOptions, frames: DataView, codes: Uint16Array, held: number): number {
  const { exchange, sequencer, trading, maxOpenOrders } = options;
  // Each command under way may become an open order.
  let room = maxOpenOrders - exchange.orders.open - sequencer.pending;
  for (let index = 0; index < codes.length; index++) {
    const at = index * FRAME_BYTES;
    let code = checkFrame(frames, at);
    if (code === BROKEN) return index;
    const kind = frames.getUint8(at + KIND);
    if (code === 0 && kind !== RecordKind.cancel && kind !== RecordKind.cancelByClientId) code = held;
    if (code === 0 && kind === RecordKind.place) {
      const mayStay = (frames.getUint8(at + TERMS) & 12) === 0 || frames.getUint32(at + STOP_PRICE, true) !== 0;
      if (trading[frames.getUint16(at + SYMBOL, true)] !== 1) code = UNKNOWN_SYMBOL;
      else if (mayStay && room-- <= 0) code = BOOK_FULL;
    }
    codes[index] = code;
  }
  return codes.length;
}

/** Marks what the account may not send now. Returns how many frames go to the book. */
function limitRate({ rateLimit, metrics }: IntakeOptions, account: string, { codes }: Batch): number {
  let asked = 0;
  for (const code of codes) if (code === 0) asked++;
  const granted = asked === 0 ? 0 : rateLimit.take(account, asked);
  if (granted === asked) return granted;
  metrics.rateLimited.inc(asked - granted);
  let left = granted;
  for (let index = 0; index < codes.length; index++) {
    if (codes[index] === 0 && left-- <= 0) codes[index] = RATE_LIMITED;
  }
  return granted;
}

/** Writes the results of the frames that do not go to the book. */
function refuseMarked({ frames, codes, results }: Batch, perSecond: number, held: CodedError | undefined): void {
  const heldCode = held === undefined ? 0 : numberOfCode(held.code);
  let waiting = 0;
  for (const [index, code] of codes.entries()) {
    if (code === 0) continue;
    let waitMs = 0;
    if (code === RATE_LIMITED) waitMs = Math.ceil((++waiting * 1_000) / perSecond);
    else if (code === BOOK_FULL) waitMs = 5_000;
    else if (code === heldCode) waitMs = (held?.retryAfterSeconds ?? 0) * 1_000;
    writeRefusal(results, index * ANSWER_BYTES, requestOf(frames, index), code, waitMs);
  }
}

/** The frames that go to the book as command records: with the account and the time written into them. */
function recordsOf({ codes }: Batch, bytes: Buffer, count: number, account: number, timeMs: number): Uint8Array {
  const records = Buffer.allocUnsafe(count * FRAME_BYTES);
  const view = new DataView(records.buffer, records.byteOffset, records.length);
  let at = 0;
  for (let index = 0; index < codes.length; index++) {
    if (codes[index] !== 0) continue;
    records.set(bytes.subarray(index * FRAME_BYTES, (index + 1) * FRAME_BYTES), at);
    view.setUint32(at + REQUEST, account, true);
    view.setFloat64(at + RESERVED, timeMs, true);
    at += FRAME_BYTES;
  }
  return records;
}

/** Writes the results of the frames that went to the book. */
function answer({ frames, codes, results }: Batch, records: Uint8Array): void {
  const view = new DataView(records.buffer, records.byteOffset, records.length);
  let from = 0;
  for (let index = 0; index < codes.length; index++) {
    if (codes[index] !== 0) continue;
    const at = index * ANSWER_BYTES;
    const status = view.getUint8(from);
    results.setUint8(at, RESULT);
    results.setUint8(at + 1, status === NO_ORDER ? 0 : status + 1);
    results.setUint16(at + 2, CODE_OF_REFUSAL[view.getUint8(from + 1)] ?? INTERNAL, true);
    results.setUint32(at + 4, requestOf(frames, index), true);
    // Order id, price, quantity, filled and last price lie at the same offsets in both.
    for (let word = 8; word < RESULT_BYTES; word += 4) results.setUint32(at + word, view.getUint32(from + word));
    results.setUint32(at + 32, view.getUint32(from + 4, true), true);
    results.setUint8(at + 36, view.getUint8(from + 2));
    results.setUint8(at + 37, view.getUint8(from + 3));
    from += RESULT_BYTES;
  }
}

/** Writes one refusal for all frames that should have gone to the book. */
function refuseRest({ frames, codes, results }: Batch, error: unknown): void {
  const code = error instanceof CodedError ? numberOfCode(error.code) : INTERNAL;
  const waitMs = error instanceof CodedError ? (error.retryAfterSeconds ?? 0) * 1_000 : 0;
  for (let index = 0; index < codes.length; index++) {
    if (codes[index] === 0) writeRefusal(results, index * ANSWER_BYTES, requestOf(frames, index), code, waitMs);
  }
}

/** Adds the batch to the counts by kind and result: once per pair, as a label look-up costs as much as a command. */
function countCommands({ metrics }: IntakeOptions, { frames, codes, results }: Batch): void {
  const counts = new Uint32Array(KINDS.length * RESULTS.length);
  for (let index = 0; index < codes.length; index++) {
    if (codes[index] !== 0) continue;
    const at = index * ANSWER_BYTES;
    const isRefused = results.getUint16(at + 2, true) !== 0;
    const pair =
      frames.getUint8(index * FRAME_BYTES + KIND) * RESULTS.length + (isRefused ? 2 : results.getUint8(at + 37));
    counts[pair] = (counts[pair] ?? 0) + 1;
  }
  for (const [pair, count] of counts.entries()) {
    const kind = KINDS[Math.floor(pair / RESULTS.length)];
    const result = RESULTS[pair % RESULTS.length];
    if (count > 0 && kind !== undefined && result !== undefined) metrics.commands.inc({ kind, result }, count);
  }
}

function requestOf(frames: DataView, index: number): number {
  return frames.getUint32(index * FRAME_BYTES + REQUEST, true);
}

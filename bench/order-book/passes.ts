import type { MessageColumns } from '../../workloads/order-book/oracle/columns.ts';

/** One run through a workload with a fresh book. */
export interface Pass {
  readonly messages: number;
  readonly seconds: number;
  readonly fills: number;
}

/** Plays messages [from, to) and returns the trades they made. */
export type Play = (columns: MessageColumns, from: number, to: number) => number;

const SLICE = 2_048;
/** A slow engine is stopped here: its rate then is over the messages it got through. */
const PASS_SECONDS = 3;
const TOTAL_SECONDS = 2;
const MOST_PASSES = 7;

/** Passes until some time has gone; the first few warm the compiler up and are part of the record. */
export function runPasses(columns: MessageColumns, createPlay: () => Play): Pass[] {
  const passes: Pass[] = [];
  let spent = 0;
  while (passes.length === 0 || (spent < TOTAL_SECONDS && passes.length < MOST_PASSES)) {
    const pass = runPass(columns, createPlay());
    passes.push(pass);
    spent += pass.seconds;
  }
  return passes;
}

function runPass(columns: MessageColumns, play: Play): Pass {
  const started = performance.now();
  let messages = 0;
  let fills = 0;
  while (messages < columns.count && performance.now() - started < PASS_SECONDS * 1_000) {
    const to = Math.min(columns.count, messages + SLICE);
    fills += play(columns, messages, to);
    messages = to;
  }
  return { messages, seconds: (performance.now() - started) / 1_000, fills };
}

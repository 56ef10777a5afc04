import type { Clock } from '@sluice/runtime';

/** Where the lines go. `process.stdout` is one. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** One thing under way, shown as one line that changes until it ends. */
export interface Step {
  /** Shows how far it is. */
  update(text: string): void;
  done(text: string): void;
  fail(text: string): void;
}

/** What a step took, for a table at the end. Milliseconds since the screen was made. */
export interface Timing {
  readonly title: string;
  readonly startMs: number;
  readonly endMs: number;
}

export interface Screen {
  step(title: string): Step;
  /** A line above the running steps. */
  line(text: string): void;
  /** Steps that have ended, in the order of their ends. */
  readonly timings: readonly Timing[];
}

interface Running {
  readonly title: string;
  readonly startMs: number;
  text: string;
  /** When a terminal-less output last said something of this step. */
  saidMs: number;
}

const titleWidth = 22;
/** Without a terminal (CI, a pipe) a running step says how far it is this often. */
const quietMs = 10_000;

/**
 * Live lines for several steps at once. On a terminal the running ones are redrawn in place; elsewhere each step has a
 * line at its end and one every ten seconds until then.
 */
export function createScreen(clock: Clock, output: Output): Screen {
  const begin = clock.monotonic();
  const running: Running[] = [];
  const timings: Timing[] = [];
  const live = output.isTTY === true;
  let drawn = 0;

  const elapsed = (): number => clock.monotonic() - begin;
  const format = (mark: string, title: string, ms: number, text: string): string =>
    `${mark} ${title.padEnd(titleWidth)} ${`${(ms / 1000).toFixed(1)} s`.padStart(8)}  ${text}`;

  function redraw(above: readonly string[]): void {
    const cut = (line: string): string => line.slice(0, (output.columns ?? 120) - 1);
    const lines = running.map(({ title, startMs, text }) => cut(format('…', title, elapsed() - startMs, text)));
    const up = drawn === 0 ? '' : `\x1b[${drawn}A\x1b[J`;
    output.write(`${up}${[...above, ...lines].map((line) => `${line}\n`).join('')}`);
    drawn = lines.length;
  }

  function print(line: string): void {
    if (live) redraw([line]);
    else output.write(`${line}\n`);
  }

  function end(step: Running, mark: string, text: string): void {
    const index = running.indexOf(step);
    if (index === -1) return;
    running.splice(index, 1);
    const endMs = elapsed();
    timings.push({ title: step.title, startMs: step.startMs, endMs });
    print(format(mark, step.title, endMs - step.startMs, text));
  }

  function update(step: Running, text: string): void {
    step.text = text;
    if (live) {
      redraw([]);
    } else if (elapsed() - step.saidMs >= quietMs) {
      step.saidMs = elapsed();
      print(format('…', step.title, elapsed() - step.startMs, text));
    }
  }

  return {
    timings,
    line: print,
    step: (title) => {
      const step: Running = { title, startMs: elapsed(), text: '', saidMs: elapsed() };
      running.push(step);
      if (live) redraw([]);
      return {
        update: (text) => update(step, text),
        done: (text) => end(step, '✓', text),
        fail: (text) => end(step, '✗', text),
      };
    },
  };
}

/** Shows `work` as a step: done with `summary` of its result, or failed and the error thrown on. */
export async function during<T>(
  screen: Screen,
  title: string,
  work: (step: Step) => Promise<T>,
  summary: (result: T) => string = () => '',
): Promise<T> {
  const step = screen.step(title);
  try {
    const result = await work(step);
    step.done(summary(result));
    return result;
  } catch (error) {
    step.fail('');
    throw error;
  }
}

/**
 * The steps with their times and each one's share of the whole, in the order of their starts. Steps that ran side by side
 * overlap, so the shares may add up to more than 100 %.
 */
export function timingTable(timings: readonly Timing[], totalMs: number): string[] {
  const rows = [...timings].sort((a, b) => a.startMs - b.startMs);
  const row = (title: string, ms: number): string => {
    const share = `${Math.round((100 * ms) / totalMs)} %`;
    return `  ${title.padEnd(titleWidth)} ${`${(ms / 1000).toFixed(1)} s`.padStart(9)} ${share.padStart(6)}`;
  };
  return [...rows.map(({ title, startMs, endMs }) => row(title, endMs - startMs)), row('in all', totalMs)];
}

import type { Clock } from '../../operator/runtime/clock.ts';

/** Where the lines go. `process.stderr` is one. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

interface Named {
  readonly name: string;
  readonly version: string;
}

/** Shows a list of steps as it is worked off: one line per step when it ends, and on a terminal the running ones below. */
export interface Progress {
  /** `seconds`: what the step took the last time, when it is known. */
  begin(steps: readonly { readonly name: string; readonly seconds: number | undefined }[]): void;
  started(step: Named): void;
  cached(step: Named): void;
  built(step: Named, seconds: number): void;
  /** `word`: `failed`, or `stopped` when it was ended because of something else. */
  failed(step: Named, word: 'failed' | 'stopped'): void;
  /** A line that belongs to no step. */
  line(text: string): void;
  /** Stops the redrawing. */
  end(): void;
}

interface Running {
  readonly step: Named;
  readonly since: number;
}

const redrawMs = 200;
const spinner = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';

export function createProgress(clock: Clock, output: Output): Progress {
  const origin = clock.monotonic();
  const running = new Map<string, Running>();
  const expected = new Map<string, number | undefined>();
  const live = output.isTTY === true;
  let total = 0;
  let ended = 0;
  let drawn = 0;
  let cancel: (() => void) | undefined;

  const elapsed = (since: number): number => (clock.monotonic() - since) / 1000;
  const title = ({ name, version }: Named): string => `${name} ${version}`.trim();

  /** Seconds of work still to do, as the last time; undefined when one of the steps was never done. */
  function left(): number | undefined {
    let sum = 0;
    for (const [name, seconds] of expected) {
      if (seconds === undefined) return undefined;
      const since = running.get(name)?.since;
      sum += since === undefined ? seconds : Math.max(0, seconds - elapsed(since));
    }
    return sum;
  }

  function redraw(above: string): void {
    if (!live) {
      if (above !== '') output.write(above);
      return;
    }
    const up = drawn === 0 ? '' : `\x1b[${drawn}A\x1b[J`;
    const lines = [...running.values()].map(({ step, since }) => {
      const mark = spinner[Math.floor(clock.monotonic() / redrawMs) % spinner.length];
      return `${mark} ${title(step)} … ${duration(elapsed(since))}`;
    });
    if (lines.length > 0) {
      const rest = left();
      lines.push(`  ${duration(elapsed(origin))} so far${rest === undefined ? '' : `, about ${duration(rest)} to go`}`);
    }
    const cut = lines.map((line) => `${line.slice(0, (output.columns ?? 100) - 1)}\n`);
    output.write(`${up}${above}${cut.join('')}`);
    drawn = cut.length;
  }

  function tick(): void {
    redraw('');
    cancel = clock.setTimer(redrawMs, tick);
  }

  function finish(step: Named, text: string): void {
    running.delete(step.name);
    expected.delete(step.name);
    ended += 1;
    const place = `[${String(ended).padStart(String(total).length)}/${total}]`;
    redraw(`${place} ${title(step)} … ${text}\n`);
  }

  return {
    begin: (steps) => {
      total += steps.length;
      for (const { name, seconds } of steps) expected.set(name, seconds);
    },
    started: (step) => {
      running.set(step.name, { step, since: clock.monotonic() });
      if (live && cancel === undefined) tick();
    },
    cached: (step) => finish(step, 'cached'),
    built: (step, seconds) => finish(step, `built in ${duration(seconds)}`),
    failed: finish,
    line: (text) => redraw(`${text}\n`),
    end: () => {
      cancel?.();
      cancel = undefined;
      running.clear();
      redraw('');
    },
  };
}

/** An output that hands whole lines to a function. */
export function lineOutput(report: (line: string) => void): Output {
  return { write: (text) => report(text.trimEnd()) };
}

/** `0.4 s`, `84 s`, `4 min 31 s`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

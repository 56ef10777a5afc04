import { CodedError, UsageError } from '@sluice/kit';
import type { Clock } from '@sluice/runtime/clock';
import { errors } from '../errors.ts';
import { followFeed } from './feed.ts';
import { BookModel } from './model.ts';
import { type Frame, render, summary } from './render.ts';

/** Where the view goes. `process.stdout` is one. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

export interface WatchOptions {
  readonly clock: Clock;
  readonly output: Output;
  /** Where the book answers, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly symbol: string;
  /** Bearer token, when the book asks for one. */
  readonly token?: string | undefined;
  /** One screen, and done. */
  readonly once: boolean;
  readonly color: boolean;
  /** Ends the watching. */
  readonly signal: AbortSignal;
}

const FRAME_MS = 100;
const SECOND_MS = 1_000;
const ONCE_MS = 5_000;
const PLAIN: Frame = { columns: 100, rows: 24, color: false };

// Alternate screen and hidden cursor, and back; every frame is written over the one before, so that nothing flickers.
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

/**
 * Shows a running book until `signal`: on a terminal a screen that follows its size, elsewhere a line each second. Rejects with a usage
 * error when the book has no such symbol, and with `once` when there is no book.
 */
export function watchBook(options: WatchOptions): Promise<void> {
  const { output, once } = options;
  if (once) return watchOnce(options);
  return output.isTTY === true ? watchScreen(options) : watchLines(options);
}

function watchOnce(options: WatchOptions): Promise<void> {
  const { clock, output, url, color } = options;
  return follow(options, (model, done) => {
    const frame = { columns: output.columns ?? PLAIN.columns, rows: output.rows ?? PLAIN.rows, color };
    const giveUp = (): void =>
      done(new CodedError(errors.unreachable, `No book answers at ${url}: start one, or give its --url.`));
    const cancel = clock.setTimer(ONCE_MS, giveUp);
    return {
      change: () => {
        if (model.status === 'lost') giveUp();
        if (model.status !== 'live' || !model.hasHistory) return;
        output.write(`${render(model, { ...frame, rows: frame.rows - 1 }).join('\n')}\n`);
        done();
      },
      second: () => undefined,
      end: cancel,
    };
  });
}

function watchLines(options: WatchOptions): Promise<void> {
  const { clock, output } = options;
  return follow(options, (model) => ({
    change: () => undefined,
    second: () => void output.write(`${summary(model, clock.now())}\n`),
    end: () => undefined,
  }));
}

function watchScreen(options: WatchOptions): Promise<void> {
  const { clock, output, color } = options;
  return follow(options, (model) => {
    let waiting: (() => void) | undefined;
    const draw = (): void => {
      waiting = undefined;
      const { columns = PLAIN.columns, rows = PLAIN.rows } = output;
      const lines = render(model, { columns, rows, color });
      output.write(`${HOME}${lines.join(`${CLEAR_LINE}\r\n`)}${CLEAR_LINE}${CLEAR_BELOW}`);
    };
    const change = (): void => {
      waiting ??= clock.setTimer(FRAME_MS, draw);
    };
    output.write(ENTER);
    output.on('resize', draw);
    draw();
    return {
      change,
      second: change,
      end: () => {
        waiting?.();
        output.off('resize', draw);
        output.write(LEAVE);
      },
    };
  });
}

interface Screen {
  /** The model changed. */
  change(): void;
  /** A second is over. */
  second(): void;
  end(): void;
}

/** Follows the feed for a screen until the signal, the screen's own end, or a refusal. */
function follow(
  options: WatchOptions,
  show: (model: BookModel, done: (error?: Error) => void) => Screen,
): Promise<void> {
  const { clock, url, symbol, token, signal } = options;
  return new Promise((resolve, reject) => {
    const model = new BookModel(symbol, url);
    let ended = false;
    const done = (error?: Error): void => {
      if (ended) return;
      ended = true;
      stop();
      cancelSecond();
      signal.removeEventListener('abort', onAbort);
      screen.end();
      if (error === undefined) resolve();
      else reject(error);
    };
    const onAbort = (): void => done();
    const screen = show(model, done);
    let cancelSecond = (): void => undefined;
    const tick = (): void => {
      cancelSecond = clock.setTimer(SECOND_MS, () => {
        tick();
        model.second();
        screen.second();
      });
    };
    tick();
    const stop = followFeed({
      clock,
      url,
      token,
      model,
      onChange: () => screen.change(),
      onRefused: (reason) => done(new UsageError(`The book at ${url} refused: ${reason}`)),
    });
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) done();
  });
}

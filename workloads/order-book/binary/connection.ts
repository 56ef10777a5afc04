import type { Duplex } from 'node:stream';
import { CodedError } from '@sluice/kit';
import type { Clock } from '@sluice/runtime/clock';
import { type End, encodeEnd } from './answer-frame.ts';
import { AnswerQueue } from './answer-queue.ts';
import { codeNumber, type ErrorName, numberOfCode } from './codes.ts';
import { FRAME_BYTES } from './command-frame.ts';
import { giveBack, HeldBytes } from './held-bytes.ts';
import { type Credentials, readHello } from './hello.ts';

export interface ConnectionLimits {
  /** Commands that may be under way; the socket is not read beyond it. */
  readonly window: number;
  /** Longest time in ms for a hello, or for the rest of a frame, to arrive. */
  readonly frameMs: number;
  /** Longest time in ms that answers may wait for their reader. */
  readonly readerMs: number;
}

/** Takes the commands of one account. */
export interface Intake {
  /**
   * Takes the first `count` frames of `bytes`, or those before the first one that is broken, and returns how many those are. Their
   * results go to `answers`; `onAnswered` is called when they are there. `bytes` may be used again when this returns.
   */
  take(bytes: Buffer, count: number, answers: AnswerQueue, onAnswered: () => void): number;
}

export interface Admission {
  readonly welcome: Buffer;
  readonly intake: Intake;
}

/** What a connection needs of a socket. The memory of each read is the connection's own. */
export type ClientSocket = Duplex & {
  setNoDelay(noDelay: boolean): unknown;
  setKeepAlive(enable: boolean, initialDelayMs: number): unknown;
};

export interface ConnectionOptions {
  readonly socket: ClientSocket;
  readonly clock: Clock;
  readonly limits: ConnectionLimits;
  /** Commands that the book can take now, of all connections together. */
  readonly room: () => number;
  /** Resolves to the welcome and what takes the commands. Rejects with the coded error that the client is told. */
  readonly admit: (credentials: Credentials) => Promise<Admission>;
  /** Called once, with the code number that the connection ended with; 0 when the client hung up in order. */
  readonly onEnded: (code: number) => void;
}

/** What an end frame may wait for its reader. */
const LINGER_MS = 1_000;

/**
 * One client: a hello, a welcome, then commands in and results out, in order. Nothing here grows: what is read and not taken is at most
 * one read of the socket, and the socket is not read while a window of commands waits for the disk or for the client to read.
 */
export class Connection {
  private readonly options: ConnectionOptions;
  private intake: Intake | undefined;
  /** Read and not taken yet. */
  private readonly held = new HeldBytes();
  /** Of a client that was let in: strangers hold no memory. */
  private answers: AnswerQueue | undefined;
  private isSendDue = false;
  /** What to end with when all results are sent; undefined: nothing, the client hung up in order. */
  private last: End | undefined;
  private state: 'hello' | 'admitting' | 'open' | 'ending' = 'hello';
  private inputEnded = false;
  private endCode = 0;
  /** Monotonic ms since when the beginning of a hello or frame waits for its rest; undefined between two frames. */
  private incompleteSince: number | undefined;
  /** Monotonic ms since when results wait for the client to read. */
  private blockedSince: number | undefined;
  /** Monotonic ms since when the last word waits for the client to read. */
  private endingSince: number | undefined;

  constructor(options: ConnectionOptions) {
    this.options = options;
    const { socket, clock, onEnded } = options;
    this.incompleteSince = clock.monotonic();
    socket.setNoDelay(true);
    // A peer that vanished without a word holds one of the places until its silence is noticed.
    socket.setKeepAlive(true, 30_000);
    socket.on('data', (chunk) => {
      this.onData(chunk);
      this.held.keep();
      giveBack(chunk);
    });
    socket.on('end', () => this.onInputEnd());
    // What happened is in the close that follows: a connection that breaks is no failure of the book.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.state = 'ending';
      onEnded(this.endCode);
    });
  }

  /** Looks at the time limits. Called about once a second. */
  checkTime(): void {
    const now = this.options.clock.monotonic();
    const { frameMs, readerMs } = this.options.limits;
    const { incompleteSince, blockedSince, endingSince, state } = this;
    if (state === 'ending') {
      if (endingSince !== undefined && now - endingSince >= LINGER_MS) this.options.socket.destroy();
    } else if (blockedSince !== undefined && now - blockedSince >= readerMs) {
      this.end('slowReader', `The results were not read for ${readerMs} ms.`);
    } else if (incompleteSince !== undefined && now - incompleteSince >= frameMs) {
      const what = state === 'hello' ? 'The hello' : 'The rest of a frame';
      this.end('frameTimeout', `${what} did not arrive within ${frameMs} ms.`);
    }
  }

  /** The book has applied commands, so it may have room again. */
  wake(): void {
    if (this.options.socket.isPaused()) this.takeFrames();
  }

  /** Reads no more, answers what is under way, says why it ends, and hangs up. */
  end(name: ErrorName, sentence: string): void {
    this.finish({ code: codeNumber(name), sentence });
  }

  private onData(chunk: Buffer): void {
    if (this.state === 'ending') return;
    this.held.add(chunk);
    if (this.state === 'hello') this.tryHello();
    else this.takeFrames();
  }

  private tryHello(): void {
    const hello = readHello(this.held.bytes);
    if (hello === undefined) return;
    if ('code' in hello) {
      this.finish(hello);
      return;
    }
    this.held.drop(hello.length);
    this.state = 'admitting';
    this.incompleteSince = undefined;
    // Commands may follow at once, but not more than a read until the token is known to be good.
    this.options.socket.pause();
    this.admit(hello.credentials).catch((error: unknown) => this.refuse(error));
  }

  private async admit(credentials: Credentials): Promise<void> {
    const { welcome, intake } = await this.options.admit(credentials);
    if (this.state !== 'admitting') return;
    this.state = 'open';
    this.intake = intake;
    this.answers = new AnswerQueue(this.options.limits.window);
    this.options.socket.write(welcome);
    this.options.socket.resume();
    this.takeFrames();
  }

  private refuse(error: unknown): void {
    const isCoded = error instanceof CodedError;
    const sentence = isCoded ? error.message : 'The book failed on this hello. Its log has the reason.';
    this.finish({ code: isCoded ? numberOfCode(error.code) : codeNumber('internal'), sentence });
  }

  /** Takes as many of the held frames as the window allows. */
  private takeFrames(): void {
    const { intake, held, answers } = this;
    if (intake === undefined || answers === undefined || this.state !== 'open') return;
    const { socket, clock, room } = this.options;
    const whole = Math.floor(held.bytes.length / FRAME_BYTES);
    const count = Math.min(whole, answers.window - answers.underWay, room());
    if (count > 0) {
      const taken = intake.take(held.bytes, count, answers, this.onAnswered);
      held.drop(taken * FRAME_BYTES);
      if (taken < count) {
        this.end('invalidFrame', 'A frame has an unknown kind, or something in a field that its kind does not use.');
        return;
      }
    }
    const isFull = count < whole;
    if (isFull) socket.pause();
    else if (socket.isPaused()) socket.resume();
    if (isFull || held.bytes.length === 0) this.incompleteSince = undefined;
    else if (count > 0 || this.incompleteSince === undefined) this.incompleteSince = clock.monotonic();
    if (this.inputEnded && !isFull) this.finishInput();
  }

  private readonly onAnswered = (): void => {
    if (this.isSendDue) return;
    this.isSendDue = true;
    // When the whole group commit has its results, so that they leave by one call of the system.
    queueMicrotask(() => {
      this.isSendDue = false;
      this.send();
    });
  };

  private send(): void {
    const { options, answers } = this;
    const { socket, clock } = options;
    const { pieces, count } = answers?.takeAnswered() ?? { pieces: [], count: 0 };
    if (count > 0) {
      this.blockedSince ??= clock.monotonic();
      const onWritten = (): void => {
        answers?.release(count);
        this.blockedSince = socket.writableLength === 0 ? undefined : clock.monotonic();
        this.takeFrames();
      };
      socket.cork();
      for (const [index, piece] of pieces.entries()) {
        socket.write(piece, index === pieces.length - 1 ? onWritten : undefined);
      }
      socket.uncork();
    }
    if (this.state === 'ending') this.hangUp();
  }

  private onInputEnd(): void {
    this.inputEnded = true;
    if (this.state === 'hello') this.end('invalidFrame', 'The connection ended within its hello.');
    else this.takeFrames();
  }

  /** The client sends no more: answer the rest, then hang up too. */
  private finishInput(): void {
    if (this.held.bytes.length > 0) this.end('invalidFrame', 'The connection ended within a frame.');
    else this.finish(undefined);
  }

  private finish(end: End | undefined): void {
    if (this.state === 'ending') return;
    this.state = 'ending';
    this.last = end;
    this.endCode = end?.code ?? 0;
    this.held.drop(this.held.bytes.length);
    // Read on and throw away: bytes left unread would turn the close into a reset, which overtakes the last word.
    this.options.socket.resume();
    this.hangUp();
  }

  private hangUp(): void {
    const { options, answers, last } = this;
    const { socket, clock } = options;
    if (this.endingSince !== undefined || answers?.isSent === false) return;
    this.endingSince = clock.monotonic();
    if (last === undefined) socket.end();
    else socket.end(encodeEnd(last));
  }
}

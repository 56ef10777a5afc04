import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { CodedError, type ShutdownStep, type TokenVerifier } from '@sluice/kit';
import { errors } from '../errors.ts';
import { accountOfCaller, accountOfName, endOfToken } from '../gateway/account.ts';
import { encodeEnd } from './answer-frame.ts';
import { codeNumber, errorOf } from './codes.ts';
import { type Admission, Connection, type ConnectionLimits } from './connection.ts';
import { type Credentials, encodeWelcome } from './hello.ts';
import { createIntake, type IntakeOptions } from './intake.ts';

export interface BinaryDoorOptions extends Omit<IntakeOptions, 'trading'> {
  readonly host: string;
  readonly port: number;
  /** Names of the symbols that take new orders. */
  readonly listed: ReadonlySet<string>;
  /** Absent: no token is asked. */
  readonly auth: TokenVerifier | undefined;
  /** Commands that may wait for the disk, of all doors. */
  readonly maxPending: number;
  readonly limits?: Partial<DoorLimits>;
}

export interface DoorLimits extends ConnectionLimits {
  readonly connections: number;
  readonly connectionsPerAccount: number;
}

export interface BinaryDoor {
  readonly port: number;
  /** To run while the sequencer still works: what is under way is answered. */
  readonly stopStep: ShutdownStep;
}

const LIMITS: DoorLimits = {
  connections: 256,
  connectionsPerAccount: 32,
  window: 4_096,
  frameMs: 5_000,
  readerMs: 10_000,
};
const LOOK_MS = 1_000;
/** Tokens end while connections live on: each is looked at again after this many looks. */
const LOOKS_PER_TOKEN = 10;

/** Opens the binary port. Rejects with EADDRINUSE and the like. */
export async function startBinaryDoor(options: BinaryDoorOptions): Promise<BinaryDoor> {
  const door = new Door(options);
  const port = await door.listen();
  return { port, stopStep: { name: 'binary port', run: () => door.stop() } };
}

interface Guest {
  readonly connection: Connection;
  readonly closed: Promise<void>;
  account: string;
  token: string | undefined;
}

class Door {
  private readonly options: BinaryDoorOptions;
  private readonly limits: DoorLimits;
  private readonly server: Server;
  private readonly trading: Uint8Array;
  private readonly guests = new Set<Guest>();
  private cancelLook: () => void = () => undefined;
  private looks = 0;
  private stopping = false;
  private readonly wake = (): void => {
    for (const { connection } of this.guests) connection.wake();
  };

  constructor(options: BinaryDoorOptions) {
    this.options = options;
    this.limits = { ...LIMITS, ...options.limits };
    const { exchange, listed } = options;
    this.trading = Uint8Array.from(exchange.markets.values(), ({ config }) => (listed.has(config.name) ? 1 : 0));
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.accept(socket));
    // As many again may be told that there is no place; more are closed without a word.
    this.server.maxConnections = 2 * this.limits.connections;
  }

  async listen(): Promise<number> {
    const { host, port, sequencer } = this.options;
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, resolve);
    });
    sequencer.onApplied.add(this.wake);
    this.look();
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.server.close();
    const guests = [...this.guests];
    const sentence = 'The book is stopping. Commands without a result were not taken: send them to its next start.';
    for (const { connection } of guests) connection.end('stopping', sentence);
    // The looks go on until then: they cut off those who do not read their last word.
    await Promise.all(guests.map(({ closed }) => closed));
    this.cancelLook();
    this.options.sequencer.onApplied.delete(this.wake);
  }

  private accept(socket: Socket): void {
    const { metrics, clock, log, sequencer, maxPending } = this.options;
    const { limits } = this;
    if (this.guests.size >= limits.connections) {
      this.turnAway(socket);
      return;
    }
    let closed = (): void => undefined;
    const connection: Connection = new Connection({
      socket,
      clock,
      limits,
      // A quarter is left to the doors that refuse when there is no room, where this one waits.
      room: () => Math.floor(maxPending * 0.75) - sequencer.pending,
      admit: (credentials) => this.admit(guest, credentials),
      onEnded: (code) => {
        this.guests.delete(guest);
        metrics.binaryConnections.set(this.guests.size);
        metrics.binaryEnded.inc({ code: nameOf(code) });
        log.info({ account: guest.account, code: nameOf(code) }, 'binary connection ended');
        closed();
      },
    });
    const guest: Guest = {
      connection,
      closed: new Promise((resolve) => {
        closed = resolve;
      }),
      account: '',
      token: undefined,
    };
    this.guests.add(guest);
    metrics.binaryConnections.set(this.guests.size);
  }

  private turnAway(socket: Socket): void {
    const sentence = `The book has ${this.limits.connections} connections open already: try again later.`;
    const code = codeNumber('tooManyConnections');
    this.options.metrics.binaryEnded.inc({ code: nameOf(code) });
    socket.on('error', () => undefined);
    // What is left unread would turn the close into a reset, which overtakes the sentence.
    socket.resume();
    socket.end(encodeEnd({ code, sentence }));
    this.options.clock.setTimer(LOOK_MS, () => socket.destroy());
  }

  private async admit(guest: Guest, credentials: Credentials): Promise<Admission> {
    const { exchange, sequencer, rateLimit } = this.options;
    const { limits, trading } = this;
    const account = await this.accountOf(credentials);
    let others = 0;
    for (const other of this.guests) if (other.account === account) others++;
    if (others >= limits.connectionsPerAccount) {
      const sentence = `The account has ${others} connections open already: close one first.`;
      throw new CodedError(errors.tooManyConnections, sentence);
    }
    guest.account = account;
    guest.token = credentials.kind === 'token' ? credentials.text : undefined;
    const number = await sequencer.accountNumber(account);
    const symbols = [...exchange.markets.values()].map((market) => ({
      ...market.config,
      number: market.number,
      trading: trading[market.number] === 1,
    }));
    const welcome = encodeWelcome({
      window: limits.window,
      commandsPerSecond: rateLimit.perSecondOf(account),
      symbols,
    });
    return { welcome, intake: createIntake({ ...this.options, trading }, account, number) };
  }

  /** As the REST door decides: the subject of the token, or without tokens the name. */
  private async accountOf({ kind, text }: Credentials): Promise<string> {
    const { auth } = this.options;
    if (auth !== undefined) return accountOfCaller(await auth.verify(kind === 'token' ? `Bearer ${text}` : undefined));
    if (kind === 'account') return accountOfName(text);
    throw new CodedError(errors.invalidAccount, 'This book asks for no tokens: begin with the name of an account.');
  }

  /** Looks at the clock for all connections, so that none needs a timer of its own. */
  private look(): void {
    this.cancelLook = this.options.clock.setTimer(LOOK_MS, () => {
      for (const { connection } of this.guests) {
        connection.checkTime();
        // A group that a full disk refused makes room too, and nobody calls for it.
        connection.wake();
      }
      if (++this.looks % LOOKS_PER_TOKEN === 0) this.checkTokens();
      this.look();
    });
  }

  private checkTokens(): void {
    const { auth } = this.options;
    if (auth === undefined || this.stopping) return;
    for (const { connection, token } of this.guests) {
      if (token === undefined) continue;
      void endOfToken(auth, `Bearer ${token}`).then((error) => {
        if (error !== undefined) connection.end('unauthenticated', error.message);
      });
    }
  }
}

/** The code of an ended connection as a label. */
function nameOf(code: number): string {
  return errorOf(code)?.code ?? 'none';
}

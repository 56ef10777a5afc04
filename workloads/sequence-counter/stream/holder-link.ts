import { connect, type TLSSocket } from 'node:tls';
import type { Clock } from '@sluice/runtime/clock';
import type { Logger } from '@sluice/runtime/telemetry';
import type { HolderEndpoint } from '../core/record.ts';
import { splitRanges } from '../core/value.ts';
import type { Grant, RemoteSource } from '../gateway/dispenser.ts';
import { createFrameDecoder, encodeFrame } from './frames.ts';
import { type ProcessKey, pinOf } from './key-pair.ts';
import { type Answer, type Asks, grantOf, type Hello, isAnswers, isReleased, protocol } from './messages.ts';

export interface HolderLinkOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly key: ProcessKey;
  readonly pod: string;
  /** Distance between two numbers of a counter. */
  readonly stepOf: (counter: string) => bigint;
  /** An ask that is not answered in this time, in ms, ends the connection: the holder may be paused. */
  readonly silenceMs: number;
  /** A connection to the holder stands, or what it had not answered is to be tried again. */
  readonly onChange: () => void;
  /** The connection to the holder broke: it may be dead. */
  readonly onLost: () => void;
  /** The holder let the ledger go. */
  readonly onReleased: (invited: boolean) => void;
}

interface Waiting {
  readonly counter: string;
  readonly count: number;
  readonly resolve: (grant: Grant | undefined) => void;
  readonly reject: (error: unknown) => void;
}

interface Frame {
  readonly sentAt: number;
  /** In the order of the asks. */
  readonly groups: readonly (readonly Waiting[])[];
}

const reconnectMs = 100;
const connectMs = 2_000;

/**
 * A warm connection to the replica that holds the numbers. All that this replica's clients want in one turn of the loop
 * goes out as one frame with one sum per counter, as the clients of timestamp oracles do; the answer is shared out again.
 */
export class HolderLink implements RemoteSource {
  readonly #options: HolderLinkOptions;
  #target: HolderEndpoint | undefined;
  #socket: TLSSocket | undefined;
  #ready = false;
  #gathered: Waiting[] = [];
  readonly #frames = new Map<number, Frame>();
  #lastFrame = 0;
  #watching = false;
  #cancelReconnect: () => void = () => undefined;

  constructor(options: HolderLinkOptions) {
    this.#options = options;
  }

  get connected(): boolean {
    return this.#ready;
  }

  /** Connects to `target`, or to nobody. A connection to another holder is ended: its answers would be refusals. */
  follow(target: HolderEndpoint | undefined): void {
    if (target?.address === this.#target?.address && target?.pin === this.#target?.pin) return;
    this.#target = target;
    this.#drop();
    if (target !== undefined) this.#connect(target);
  }

  ask(counter: string, count: number): Promise<Grant | undefined> {
    return new Promise((resolve, reject) => {
      this.#gathered.push({ counter, count, resolve, reject });
      if (this.#gathered.length === 1) setImmediate(() => this.#send());
    });
  }

  close(): void {
    this.follow(undefined);
  }

  #connect(target: HolderEndpoint): void {
    const { key, log, pod } = this.#options;
    const { host, port } = hostAndPort(target.address);
    const socket = connect({
      host,
      port,
      key: key.key,
      cert: key.certificate,
      // The key is compared with the pin in the ledger instead: there is no authority to ask.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
      timeout: connectMs,
    });
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 1_000);
    socket.once('timeout', () => socket.destroy());
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      if (certificate === undefined || pinOf(certificate.publicKey) !== target.pin) {
        log.warn({ address: target.address }, 'the holder does not have the key that stands in the ledger');
        socket.destroy();
        return;
      }
      const hello: Hello = { hello: { pod, protocol } };
      socket.write(encodeFrame(hello));
    });
    const decode = createFrameDecoder((message) => this.#receive(socket, message));
    socket.on('data', (chunk) => {
      try {
        decode(chunk);
      } catch {
        socket.destroy();
      }
    });
    socket.on('error', (error) => log.debug({ err: error }, 'the connection to the holder failed'));
    socket.on('close', () => this.#lost(socket));
  }

  #receive(socket: TLSSocket, message: unknown): void {
    if (socket !== this.#socket) return;
    if (isAnswers(message)) {
      const frame = this.#frames.get(message.id);
      this.#frames.delete(message.id);
      frame?.groups.forEach((group, index) => {
        const step = this.#options.stepOf(group[0]?.counter ?? '');
        shareOut(message.answers[index] ?? null, group, step);
      });
    } else if (isReleased(message)) {
      this.#options.onReleased(message.invited);
    } else if (!this.#ready) {
      // The welcome: from now on asks are served.
      socket.setTimeout(0);
      this.#ready = true;
      this.#options.onChange();
    }
  }

  #send(): void {
    const gathered = this.#gathered;
    this.#gathered = [];
    const socket = this.#socket;
    if (!this.#ready || socket === undefined) {
      for (const { resolve } of gathered) resolve(undefined);
      return;
    }
    const groups = [...Map.groupBy(gathered, ({ counter }) => counter).entries()];
    this.#lastFrame += 1;
    const message: Asks = {
      id: this.#lastFrame,
      asks: groups.map(([counter, group]) => [counter, group.reduce((sum, { count }) => sum + count, 0)]),
    };
    this.#frames.set(message.id, {
      sentAt: this.#options.clock.monotonic(),
      groups: groups.map(([, group]) => group),
    });
    socket.write(encodeFrame(message));
    this.#watch();
  }

  /** One timer while frames are open: a paused holder keeps its connections and says nothing. */
  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    const { clock, silenceMs } = this.#options;
    clock.setTimer(silenceMs / 4, () => {
      this.#watching = false;
      const [oldest] = this.#frames.values();
      if (oldest === undefined) return;
      if (clock.monotonic() - oldest.sentAt > silenceMs) this.#socket?.destroy();
      this.#watch();
    });
  }

  #lost(socket: TLSSocket): void {
    if (socket !== this.#socket) return;
    const { clock, onLost } = this.#options;
    this.#drop();
    const target = this.#target;
    if (target === undefined) return;
    this.#cancelReconnect = clock.setTimer(reconnectMs, () => {
      if (target === this.#target) this.#connect(target);
    });
    onLost();
  }

  /** Whatever was not answered is to be asked again elsewhere; numbers that were on their way are gaps. */
  #drop(): void {
    this.#cancelReconnect();
    const socket = this.#socket;
    this.#socket = undefined;
    this.#ready = false;
    socket?.destroy();
    const frames = [...this.#frames.values()];
    this.#frames.clear();
    for (const { groups } of frames) {
      for (const { resolve } of groups.flat()) resolve(undefined);
    }
  }
}

/** Gives each request of a group its part of what was granted for their sum. */
function shareOut(answer: Answer, group: readonly Waiting[], step: bigint): void {
  let grant: Grant | undefined;
  try {
    grant = grantOf(answer);
  } catch (error) {
    for (const { reject } of group) reject(error);
    return;
  }
  const sizes = group.map(({ count }) => count);
  const shares = grant === undefined ? undefined : splitRanges(grant.ranges, sizes, step);
  group.forEach(({ resolve }, index) => {
    const ranges = shares?.[index];
    resolve(ranges === undefined || grant === undefined ? undefined : { ranges, epoch: grant.epoch });
  });
}

function hostAndPort(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

import type { Clock, Random } from '../../clock.ts';
import { asError } from '../../kube/deadline.ts';
import type { TransportRequest } from '../../kube/transport.ts';
import type { Injector } from './injector.ts';
import type { ProcessClock } from './process-clock.ts';
import type { Server } from './server.ts';
import { expiredLine, mergeEvents } from './watch-events.ts';

type WatchRequest = Omit<TransportRequest, 'body' | 'method'>;

interface WatchLinkOptions {
  readonly server: Server;
  readonly clock: Clock;
  readonly random: Random;
  readonly process: ProcessClock;
  readonly injector: Injector;
}

/** The watches of one process. */
export interface WatchLinks {
  open(request: WatchRequest): AsyncIterable<Buffer>;
  /** Nothing is delivered for so long. */
  holdAll(ms: number): void;
  /** The next watch of the collection of this list is held from its start. */
  holdFirst(listPath: string, ms: number): void;
}

export function createWatchLinks(options: WatchLinkOptions): WatchLinks {
  const { clock } = options;
  const firstHolds = new Map<string, number>();
  let heldUntil = 0;
  return {
    open(request) {
      const collection = collectionOf(request.path);
      const firstUntil = clock.monotonic() + (firstHolds.get(collection) ?? 0);
      firstHolds.delete(collection);
      return openWatch(options, request, () => Math.max(firstUntil, heldUntil));
    },
    holdAll(ms) {
      heldUntil = Math.max(heldUntil, clock.monotonic() + ms);
    },
    holdFirst: (listPath, ms) => void firstHolds.set(collectionOf(listPath), ms),
  };
}

function collectionOf(path: string): string {
  return path.split('?', 1)[0] ?? path;
}

type Delivery = { readonly chunk: Buffer } | { readonly end: Error | undefined };

/** One watch: what the server sends, a little later, in order, now and then merged, lost or cut off. */
async function* openWatch(
  { server, clock, random, process, injector }: WatchLinkOptions,
  request: WatchRequest,
  heldUntil: () => number,
): AsyncGenerator<Buffer> {
  const { signal } = request;
  signal?.throwIfAborted();
  const closer = new AbortController();
  const inbox: Delivery[] = [];
  let wake = (): void => {};
  let pending: Buffer[] = [];
  let armed = false;
  let closed = false;

  const deliver = (delivery: Delivery): void =>
    process.deliver(() => {
      inbox.push(delivery);
      wake();
    });
  const close = (): void => {
    closed = true;
    closer.abort();
  };
  const arm = (): void => {
    if (armed || closed) return;
    armed = true;
    clock.setTimer(1 + random() * 10, flush);
  };
  function flush(): void {
    armed = false;
    if (closed) return;
    if (process.dead) {
      close();
      return;
    }
    const waitMs = heldUntil() - clock.monotonic();
    if (waitMs > 0) again(waitMs, flush);
    else if (pending.length > 0) pass();
  }
  function again(ms: number, fn: () => void): void {
    armed = true;
    clock.setTimer(ms, fn);
  }
  function taken(): Buffer {
    const chunk = Buffer.concat(pending);
    pending = [];
    return chunk;
  }
  function pass(): void {
    const fate = injector.fateOfWatch();
    if (fate === 'merged') {
      injector.count('watch events merged');
      // More comes meanwhile, and goes into the same few events.
      again(100 + random() * 3_000, merge);
    } else if (fate === 'expired') {
      injector.count('watch expired, events lost');
      taken();
      deliver({ chunk: Buffer.from(`${expiredLine}\n`) });
    } else {
      deliver({ chunk: taken() });
      if (fate !== 'cut') return;
      injector.count('watch cut');
      deliver({ end: new Error('the connection was reset (injected)') });
      close();
    }
  }
  function merge(): void {
    armed = false;
    const lines = taken().toString().split('\n');
    const merged = mergeEvents(lines.filter((line) => line !== ''));
    if (merged.length > 0) deliver({ chunk: Buffer.from(merged.map((line) => `${line}\n`).join('')) });
  }
  async function pump(): Promise<void> {
    try {
      for await (const chunk of server.watch(request, closer.signal)) {
        pending.push(chunk);
        arm();
      }
      finish(undefined);
    } catch (error) {
      if (!closed) finish(asError(error));
    }
  }
  function finish(end: Error | undefined): void {
    const rest = Buffer.concat(pending);
    pending = [];
    clock.setTimer(Math.max(0, heldUntil() - clock.monotonic()) + 10, () => {
      if (rest.length > 0) deliver({ chunk: rest });
      deliver({ end });
    });
  }

  const aborted = (): void => {
    inbox.length = 0;
    inbox.push({ end: asError(signal?.reason) });
    wake();
  };
  signal?.addEventListener('abort', aborted, { once: true });
  void pump();
  try {
    for (;;) {
      const next = inbox.shift();
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else if ('chunk' in next) yield next.chunk;
      else if (next.end === undefined) return;
      else throw next.end;
    }
  } finally {
    signal?.removeEventListener('abort', aborted);
    close();
  }
}

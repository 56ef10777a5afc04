import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';

/**
 * Opens connections to a sample app and keeps a ledger of how each one ended: the client's side of the story, to be
 * laid beside what the AppDeployment says in its status. One TCP connection per entry; none is ever reused.
 */
export interface HoldOptions {
  /** Where the app answers, such as `http://127.0.0.1:30080`. */
  readonly baseUrl: string;
  /** Connections to hold of each kind, 0 or more. */
  readonly webSockets?: number;
  readonly eventStreams?: number;
  readonly slowRequests?: number;
  /** How long the app takes to answer a slow request, 1 to 600 s. Default 60. */
  readonly slowSeconds?: number;
  /** Connections opened at the same time, so that nobody's accept queue overflows. Default 20. */
  readonly openingAtOnce?: number;
}

export type HeldKind = 'webSocket' | 'eventStream' | 'slowRequest';

/** How a connection ended before its time. */
export interface Broken {
  readonly kind: HeldKind;
  /**
   * `closed`: an orderly end by the other side; `reset`: cut; `refused`: it never opened; `silent`: nothing was said any
   * more, as when the machine at the other end has lost its power.
   */
  readonly how: 'closed' | 'reset' | 'refused' | 'silent';
  readonly reason: string;
  /** The pod at the other end, where it had said its name. */
  readonly pod: string | undefined;
  /** Wall-clock milliseconds since the epoch. */
  readonly atMs: number;
}

export interface HoldLedger {
  readonly opened: number;
  /** Open now. */
  readonly open: number;
  /** Ended as they should: a slow request with its whole answer, a stream closed by us. */
  readonly completed: number;
  readonly broken: readonly Broken[];
}

export interface HeldConnections {
  /** The ledger as it stands. */
  ledger(): HoldLedger;
  /** Open connections by the version of the app at the other end. */
  versions(): Record<string, number>;
  /** Open connections by the pod at the other end. */
  pods(): Record<string, number>;
  /**
   * Closes WebSockets and event streams from this side, waits for the slow requests, and returns the final ledger.
   * What has not ended after `timeoutMs` (default: twice slowSeconds) is cut and counted as silent.
   */
  release(timeoutMs?: number): Promise<HoldLedger>;
}

interface Held {
  readonly kind: HeldKind;
  version: string | undefined;
  pod: string | undefined;
  state: 'opening' | 'open' | 'completed' | 'broken';
  readonly close: () => void;
  /** Ends it here and now as broken, whatever the other side does. */
  readonly giveUp: (reason: string) => void;
  /** Monotonic milliseconds at which the other side last said something. */
  heardMs: number;
  /** Settles when the connection is open or has failed to open. */
  readonly opened: Promise<void>;
  readonly ended: Promise<void>;
}

/** The apps say something every second on a WebSocket and an event stream. */
const silentMs = 10_000;

/** Resolves when every connection is open or has failed to open, which the ledger then says; never rejects. */
export async function holdConnections(options: HoldOptions): Promise<HeldConnections> {
  const { webSockets = 0, eventStreams = 0, slowRequests = 0, slowSeconds = 60, openingAtOnce = 20 } = options;
  const base = options.baseUrl.replace(/\/$/, '');
  const broken: Broken[] = [];
  const held: Held[] = [];
  const openers = [
    ...Array.from({ length: webSockets }, () => () => holdWebSocket(`${base.replace(/^http/, 'ws')}/ws`, broken)),
    ...Array.from({ length: eventStreams }, () => () => holdRequest('eventStream', `${base}/events`, broken)),
    ...Array.from({ length: slowRequests }, () => () => {
      return holdRequest('slowRequest', `${base}/slow?seconds=${slowSeconds}`, broken);
    }),
  ];
  const work = openers.values();
  const opener = async (): Promise<void> => {
    for (const open of work) {
      const one = open();
      held.push(one);
      await one.opened;
    }
  };
  await Promise.all(Array.from({ length: openingAtOnce }, opener));

  const watch = setInterval(() => {
    for (const one of inState('open')) {
      if (one.kind !== 'slowRequest' && performance.now() - one.heardMs > silentMs) {
        one.giveUp(`nothing heard for ${silentMs / 1000} s`);
      }
    }
  }, 1000);
  watch.unref();

  const inState = (state: Held['state']): Held[] => held.filter((one) => one.state === state);
  const ledger = (): HoldLedger => ({
    opened: held.length - broken.filter(({ how }) => how === 'refused').length,
    open: inState('open').length,
    completed: inState('completed').length,
    broken: [...broken],
  });
  return {
    ledger,
    versions: () => countBy(inState('open'), ({ version }) => version),
    pods: () => countBy(inState('open'), ({ pod }) => pod),
    release: async (timeoutMs = 2000 * slowSeconds) => {
      clearInterval(watch);
      for (const one of inState('open')) if (one.kind !== 'slowRequest') one.close();
      const late = setTimeout(() => {
        for (const one of inState('open')) one.giveUp(`no end within ${timeoutMs / 1000} s of its release`);
      }, timeoutMs);
      await Promise.all(held.map(({ ended }) => ended));
      clearTimeout(late);
      return ledger();
    },
  };
}

function countBy<T>(items: readonly T[], key: (item: T) => string | undefined): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[key(item) ?? 'unknown'] = (counts[key(item) ?? 'unknown'] ?? 0) + 1;
  return counts;
}

/** One connection's state, with the two moments that others wait for. */
function start(kind: HeldKind, broken: Broken[], end: { close: () => void; cut: () => void }) {
  const opened = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const held: Held = {
    kind,
    version: undefined,
    pod: undefined,
    state: 'opening',
    close: end.close,
    giveUp: (reason) => {
      fail('silent', reason);
      end.cut();
    },
    heardMs: performance.now(),
    opened: opened.promise,
    ended: ended.promise,
  };
  const finish = (state: 'completed' | 'broken'): void => {
    held.state = state;
    opened.resolve();
    ended.resolve();
  };
  const fail = (how: Exclude<Broken['how'], 'refused'>, reason: string): void => {
    if (held.state === 'completed' || held.state === 'broken') return;
    broken.push({ kind, how: held.state === 'opening' ? 'refused' : how, reason, pod: held.pod, atMs: Date.now() });
    finish('broken');
  };
  return {
    held,
    open: () => {
      if (held.state === 'opening') held.state = 'open';
      opened.resolve();
    },
    complete: () => {
      if (held.state === 'open') finish('completed');
    },
    fail,
    hear: (text: string) => {
      held.heardMs = performance.now();
      held.version ??= /"version":"([^"]*)"/.exec(text)?.[1];
      held.pod ??= /"pod":"([^"]*)"/.exec(text)?.[1];
    },
  };
}

function holdWebSocket(url: string, broken: Broken[]): Held {
  const socket = new WebSocket(url);
  let released = false;
  const close = (): void => {
    released = true;
    socket.close();
  };
  const one = start('webSocket', broken, { close, cut: () => socket.terminate() });
  socket.on('open', () => one.open());
  socket.on('message', (data) => one.hear(String(data)));
  socket.on('error', (error) => one.fail('reset', error.message));
  socket.on('close', (code, reason) => {
    if (released) one.complete();
    // 1006: the connection went away without a close frame.
    else one.fail(code === 1006 ? 'reset' : 'closed', `close code ${code} ${reason}`.trim());
  });
  return one.held;
}

/** An event stream ends when we close it; a slow request ends with its whole answer. */
function holdRequest(kind: 'eventStream' | 'slowRequest', url: string, broken: Broken[]): Held {
  let released = false;
  const close = (): void => {
    released = true;
    request.destroy();
  };
  const one = start(kind, broken, { close, cut: close });
  const request: ClientRequest = get(url, { agent: false }, (response: IncomingMessage) => {
    if (response.statusCode !== 200) one.fail('closed', `status ${response.statusCode}`);
    one.open();
    const { 'x-app-version': version, 'x-app-pod': pod } = response.headers;
    one.hear(JSON.stringify({ version, pod }));
    response.setEncoding('utf8');
    response.on('data', (text: string) => one.hear(text));
    response.on('end', () => {
      if (kind === 'slowRequest' && response.complete) one.complete();
      else one.fail('closed', 'the stream ended');
    });
    response.on('error', (error) => (released ? one.complete() : one.fail('reset', error.message)));
  });
  request.on('error', (error) => (released ? one.complete() : one.fail('reset', error.message)));
  return one.held;
}

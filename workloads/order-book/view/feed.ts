import type { Clock } from '@sluice/runtime/clock';
import type { BookModel, Match } from './model.ts';

export interface FeedOptions {
  readonly clock: Clock;
  /** Where the book answers, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Bearer token, when the book asks for one. */
  readonly token: string | undefined;
  readonly model: BookModel;
  readonly onChange: () => void;
  /** The book has no such symbol, or wants another token: watching makes no sense. */
  readonly onRefused: (reason: string) => void;
}

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;
/** The feed sends a heartbeat each second: silence of this length is a lost connection that nobody has told of. */
const SILENCE_MS = 5_000;

/** Follows the feed of the book, and again whenever the connection is lost. Returns what stops it. */
export function followFeed(options: FeedOptions): () => void {
  const { clock, model, onChange } = options;
  let socket: WebSocket | undefined;
  let cancel = (): void => undefined;
  let retryMs = FIRST_RETRY_MS;
  let stopped = false;

  const lost = (from: WebSocket): void => {
    if (stopped || from !== socket) return;
    socket = undefined;
    from.close();
    cancel();
    model.status = 'lost';
    onChange();
    cancel = clock.setTimer(retryMs, connect);
    retryMs = Math.min(LAST_RETRY_MS, retryMs * 2);
  };
  const listen = (from: WebSocket): void => {
    cancel();
    cancel = clock.setTimer(SILENCE_MS, () => lost(from));
  };
  function connect(): void {
    const opened = openSocket(options);
    let wasOpen = false;
    socket = opened;
    listen(opened);
    opened.addEventListener('open', () => {
      wasOpen = true;
      opened.send(subscription(model.symbol));
      if (!model.hasHistory) void loadHistory(options);
    });
    opened.addEventListener('close', async () => {
      const reason = wasOpen ? undefined : await refusalOf(options);
      if (reason === undefined) lost(opened);
      else if (!stopped) options.onRefused(reason);
    });
    opened.addEventListener('message', ({ data }) => {
      if (stopped || opened !== socket) return;
      listen(opened);
      const reason = model.message(String(data));
      if (reason !== undefined) options.onRefused(reason);
      if (model.status === 'live') retryMs = FIRST_RETRY_MS;
      onChange();
    });
  }
  connect();
  return () => {
    stopped = true;
    cancel();
    socket?.close();
  };
}

/** Why the book wants no socket of this token, which a socket is not told. Undefined: it may want one later. */
async function refusalOf(options: FeedOptions): Promise<string | undefined> {
  try {
    const answer = await fetchTrades(options);
    if (answer.status !== 401) return undefined;
    const { message } = (await answer.json()) as { readonly message: string };
    return `${message} Give a valid one by --token or SLUICE_TOKEN.`;
  } catch {
    return undefined;
  }
}

/** The trades before the first message are a comfort: without them the view has those that come. */
async function loadHistory(options: FeedOptions): Promise<void> {
  const { model, onChange } = options;
  try {
    const answer = await fetchTrades(options);
    if (answer.ok) model.history((await answer.json()) as Omit<Match, 'type'>[]);
  } catch {
    // The socket tells whether there is a book.
  }
  model.hasHistory = true;
  onChange();
}

function fetchTrades({ url, token, model }: FeedOptions): Promise<Response> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return fetch(addressOf(url, `products/${encodeURIComponent(model.symbol)}/trades`), { headers });
}

function addressOf(url: string, path: string): URL {
  return new URL(path, url.endsWith('/') ? url : `${url}/`);
}

function openSocket({ url, token }: FeedOptions): WebSocket {
  const address = addressOf(url, 'feed');
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  return token === undefined
    ? new WebSocket(address)
    : new WebSocket(address, { headers: { authorization: `Bearer ${token}` } });
}

function subscription(symbol: string): string {
  const channels = ['level2_batch', 'matches', 'heartbeat'];
  return JSON.stringify({ type: 'subscribe', product_ids: [symbol], channels });
}

import { countDuplicates, countMissing, findInversion, type Observation } from './checkers.ts';

export interface CounterLoadOptions {
  /** Where the service is, such as `http://127.0.0.1:8080`; several are used in turn. */
  readonly baseUrl: string | readonly string[];
  /** Gives each client a token, at the start and again after a 401: an issuer may have changed its key. */
  readonly token?: (() => Promise<string>) | undefined;
  /** How many numbers to take in all. */
  readonly numbers: number;
  /** How many clients take them at the same time, one request each. */
  readonly clients: number;
  readonly counter?: string;
  /** Longest time in ms without any answer before the load gives up. Default 120 s. */
  readonly patienceMs?: number;
  /** Ends the load early; the figures so far are returned. */
  readonly signal?: AbortSignal;
  /** Called a few times per second. */
  readonly onProgress?: (figures: CounterLoadProgress) => void;
}

export interface CounterLoadProgress {
  readonly answers: number;
  /** Requests sent again after a refused connection, a broken one, or a 5xx answer. Their numbers, if any, are gaps. */
  readonly retried: number;
}

export interface CounterLoadFigures extends CounterLoadProgress {
  readonly duplicates: number;
  /** Whether a number was smaller than one whose answer was complete before its request was sent. */
  readonly inverted: boolean;
  /** Numbers between the smallest and the largest that nobody got: gaps, plus what other clients took meanwhile. */
  readonly missing: number;
  readonly perSecond: number;
  readonly seconds: number;
  /** Longest time between two answers in ms, whoever got them: the outage as clients saw it. */
  readonly longestSilenceMs: number;
}

const retryMs = 50;
const requestTimeoutMs = 10_000;

/**
 * Takes numbers from several clients at once, through failures, and checks that each was given once. Rejects when the
 * service refuses (4xx) and when no answer came for `patienceMs`.
 */
export async function runCounterLoad(options: CounterLoadOptions): Promise<CounterLoadFigures> {
  const { numbers, clients, signal, onProgress, patienceMs = 120_000 } = options;
  const urls = [options.baseUrl].flat();
  const observations: Observation[] = [];
  const startedAt = performance.now();
  let claimed = 0;
  let retried = 0;
  let lastAnswer = startedAt;
  let longestSilenceMs = 0;
  let failure: unknown;
  const over = (): boolean => failure !== undefined || signal?.aborted === true;

  async function client(index: number): Promise<void> {
    let turn = index;
    let token = await options.token?.();
    while (claimed < numbers && !over()) {
      claimed += 1;
      for (;;) {
        const start = performance.now();
        const value = await takeOne(`${urls[turn % urls.length]}/v1/next`, token, options.counter);
        const end = performance.now();
        if (value === 'unauthorized') {
          if (options.token === undefined) throw new Error('the service asks for a token, and none was given');
          token = await options.token();
        } else if (value !== undefined) {
          observations.push({ value, start, end });
          longestSilenceMs = Math.max(longestSilenceMs, end - lastAnswer);
          lastAnswer = end;
          break;
        }
        if (over()) return;
        if (end - lastAnswer > patienceMs) throw new Error(`no number was given out for ${patienceMs / 1000} s`);
        retried += 1;
        turn += 1;
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }

  const progress = setInterval(() => onProgress?.({ answers: observations.length, retried }), 250);
  try {
    await Promise.all(
      Array.from({ length: clients }, (_, index) =>
        client(index).catch((error: unknown) => {
          failure ??= error;
        }),
      ),
    );
  } finally {
    clearInterval(progress);
  }
  if (failure !== undefined) throw failure;
  const seconds = (performance.now() - startedAt) / 1000;
  const answers = observations.length;
  onProgress?.({ answers, retried });
  return {
    answers,
    retried,
    duplicates: countDuplicates(observations),
    missing: countMissing(observations),
    inverted: findInversion(observations) !== undefined,
    perSecond: Math.round(answers / seconds),
    seconds,
    longestSilenceMs: Math.round(longestSilenceMs),
  };
}

/** One request. Undefined: no answer, or one that asks to try again. Throws on a refusal that a retry would not mend. */
async function takeOne(
  url: string,
  token: string | undefined,
  counter: string | undefined,
): Promise<bigint | 'unauthorized' | undefined> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(counter === undefined ? {} : { counter }),
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    text = await response.text();
  } catch {
    return undefined;
  }
  if (response.status >= 500) return undefined;
  if (response.status === 401) return 'unauthorized';
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 300)}`);
  const { value } = JSON.parse(text) as { value: string };
  return BigInt(value);
}

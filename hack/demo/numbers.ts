import { runCounterLoad } from '../../workloads/sequence-counter/load/run-counter-load.ts';
import type { Step } from '../screen/screen.ts';
import { exactly, type Figure, told } from './figures.ts';
import { audience, urls } from './places.ts';

const numbers = 10_000;
const clients = 2;

/** Ten thousand numbers for two clients that show a token, through whatever happens meanwhile. */
export async function takeNumbers(step: Step): Promise<Figure[]> {
  const figures = await runCounterLoad({
    baseUrl: urls.counter,
    token: demoToken,
    numbers,
    clients,
    onProgress: ({ answers, retried }) => step.update(`${answers} of ${numbers} numbers, ${retried} asked again`),
  });
  const { answers, duplicates, inverted, retried, perSecond, longestSilenceMs } = figures;
  step.done(`${answers} numbers, ${duplicates} duplicates, ${perSecond}/s`);
  return [
    exactly(`numbers taken by ${clients} clients with a token`, answers, numbers),
    exactly('numbers given out twice', duplicates, 0),
    exactly('numbers out of order', inverted ? 1 : 0, 0),
    told('requests sent again, longest silence', `${retried}, ${longestSilenceMs} ms`),
    exactly('answer without a token (HTTP status)', await statusWithoutToken(), 401),
  ];
}

async function demoToken(): Promise<string> {
  const response = await fetch(`${urls.issuer}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ subject: 'demo', audience, ttlSeconds: 3600 }),
  });
  const { access_token: token } = (await response.json()) as { access_token?: string };
  if (token === undefined) throw new Error(`the issuer gave no token: HTTP ${response.status}`);
  return token;
}

async function statusWithoutToken(): Promise<number> {
  return (await fetch(`${urls.counter}/v1/next`, { method: 'POST' })).status;
}

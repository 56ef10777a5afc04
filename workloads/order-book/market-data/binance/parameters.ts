import type { FastifyRequest } from 'fastify';
import type { Market } from '../../exchange/market.ts';
import { BinanceError } from './refusals.ts';
import type { BinanceSymbols } from './symbols.ts';

export type Parameters = Readonly<Record<string, string | undefined>>;

/** Parameters may stand in the query or in a form body; the query counts when one is in both. Those unknown are not looked at. */
export function parametersOf({ query, body }: FastifyRequest): Parameters {
  const parameters: Record<string, string | undefined> = Object.create(null);
  for (const source of [body, query]) {
    if (typeof source !== 'object' || source === null) continue;
    for (const [name, value] of Object.entries(source)) {
      if (typeof value !== 'string') throw new BinanceError(-1101, 'Duplicate values for a parameter detected.');
      parameters[name] = value;
    }
  }
  return parameters;
}

/** Throws -1102 when it is missing or empty. */
export function required(parameters: Parameters, name: string): string {
  const value = parameters[name];
  if (value !== undefined && value !== '') return value;
  throw new BinanceError(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`);
}

/** Throws -1121 when there is no such symbol. */
export function symbolOf(symbols: BinanceSymbols, name: string): Market {
  const market = symbols.find(name);
  if (market === undefined) throw new BinanceError(-1121, 'Invalid symbol.');
  return market;
}

/** A number of rows, 1 … `max`; Binance gives `max` to who asks for more. Throws -1130 when it is none. */
export function limitOf({ limit }: Parameters, max: number, fallback: number): number {
  if (limit === undefined) return fallback;
  if (/^[1-9]\d{0,8}$/.test(limit)) return Math.min(max, Number(limit));
  throw new BinanceError(-1130, "Data sent for parameter 'limit' is not valid.");
}

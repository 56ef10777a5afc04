import { Type } from '@sinclair/typebox';
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

const described = (description: string) => Type.String({ description });

/** Parameters by their names, for the API description; they are checked one by one, each with its own number. */
const PARAMETERS = {
  symbol: described('Such as BTCEUR.'),
  symbols: described('A JSON list of symbols.'),
  limit: described('How many at most.'),
  side: described('BUY or SELL.'),
  type: described('LIMIT, LIMIT_MAKER, MARKET, STOP_LOSS or STOP_LOSS_LIMIT.'),
  timeInForce: described('GTC, IOC or FOK.'),
  quantity: described('A multiple of the step of the symbol.'),
  price: described('Limit, a multiple of the tick of the symbol.'),
  stopPrice: described('The price that lets a STOP_LOSS enter.'),
  icebergQty: described('How much of the order is shown at a time.'),
  newClientOrderId: described('Your own id: sent again with the same terms, nothing is placed twice.'),
  selfTradePreventionMode: described('NONE, EXPIRE_TAKER, EXPIRE_MAKER, EXPIRE_BOTH or DECREMENT.'),
  newOrderRespType: described('ACK, RESULT or FULL.'),
  orderId: described('Id that the book gave.'),
  origClientOrderId: described('Id that you gave.'),
} as const;

/** Options of a route with what the API description says of it. */
export function about(summary: string, ...names: readonly (keyof typeof PARAMETERS)[]) {
  const query = Object.fromEntries(names.map((name) => [name, PARAMETERS[name]]));
  return { schema: { summary: `Binance-shaped: ${summary}` }, config: { query } };
}

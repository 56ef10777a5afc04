import { type Static, Type } from '@sinclair/typebox';
import { CodedError, type ErrorDefinition } from '@sluice/kit';
import { BUY, MAX_QUANTITY, SELL } from '../engine/book.ts';
import { MAX_PRICE } from '../engine/ladder.ts';
import { errors } from '../errors.ts';
import type { Terms } from '../exchange/command.ts';
import type { DecimalStep, StepsError } from '../exchange/decimal.ts';
import type { Market } from '../exchange/market.ts';

const closed = { additionalProperties: false } as const;
const amount = (description: string) => Type.String({ description, maxLength: 256 });
export const CLIENT_ORDER_ID = /^[\x21-\x7e]{1,64}$/;

export const placeSchema = Type.Object(
  {
    symbol: Type.String({ description: 'Name of a symbol of this book.', maxLength: 256 }),
    side: Type.Union([Type.Literal('buy'), Type.Literal('sell')]),
    type: Type.Optional(Type.Union([Type.Literal('limit'), Type.Literal('market')], { description: 'Default limit.' })),
    timeInForce: Type.Optional(
      Type.Union([Type.Literal('GTC'), Type.Literal('IOC'), Type.Literal('FOK')], {
        description:
          'GTC rests until it is cancelled (default of a limit order), IOC cancels its rest (default of a market order), FOK fills wholly or not at all.',
      }),
    ),
    postOnly: Type.Optional(
      Type.Boolean({ description: 'Refuse the order when it would match at once. Default false.' }),
    ),
    price: Type.Optional(amount('Limit as a decimal string, a multiple of the tick size. None for a market order.')),
    quantity: amount('Quantity as a decimal string, a multiple of the lot size.'),
    clientOrderId: Type.Optional(
      Type.String({
        description:
          'Your own id, 1 to 64 visible ASCII characters. Sending it again with the same order answers with that order and places nothing.',
        maxLength: 256,
      }),
    ),
  },
  closed,
);
export type PlaceBody = Static<typeof placeSchema>;

export const replaceSchema = Type.Object(
  {
    price: Type.Optional(amount('New limit; absent: the price stays.')),
    quantity: Type.Optional(amount('New total quantity, what is filled included; absent: the quantity stays.')),
  },
  closed,
);
export type ReplaceBody = Static<typeof replaceSchema>;

/** Which error and which sentence belong to a field whose JSON type or enumeration is wrong. */
const WRONG_FIELD: Readonly<Record<string, readonly [ErrorDefinition, string]>> = {
  symbol: [errors.invalidSymbol, 'symbol must be a string that names a symbol of this book, such as "BTC-EUR"'],
  side: [errors.invalidSide, 'side must be "buy" or "sell"'],
  type: [errors.invalidType, 'type must be "limit" or "market"'],
  timeInForce: [errors.invalidTimeInForce, 'timeInForce must be "GTC", "IOC" or "FOK"'],
  postOnly: [errors.invalidPostOnly, 'postOnly must be true or false'],
  price: [errors.invalidPrice, 'price must be a decimal number in a string, such as "101.25"'],
  quantity: [errors.invalidQuantity, 'quantity must be a decimal number in a string, such as "0.5"'],
  clientOrderId: [errors.invalidClientOrderId, 'clientOrderId must be a string of 1 to 64 visible ASCII characters'],
};

/** The coded error for a body that its schema refused, undefined when no field of ours is to blame. */
export function wrongField(instancePath: string, missing: string | undefined): CodedError | undefined {
  const found = WRONG_FIELD[missing ?? instancePath.slice(1)];
  return found === undefined ? undefined : new CodedError(found[0], `${found[1]}.`);
}

/** Checks the order against its market. Throws a coded error with the sentence for the client. */
export function parseTerms(body: PlaceBody, market: Market): Terms {
  const type = body.type ?? 'limit';
  const timeInForce = body.timeInForce ?? (type === 'market' ? 'IOC' : 'GTC');
  const postOnly = body.postOnly ?? false;
  if (type === 'market' && timeInForce === 'GTC') {
    throw new CodedError(errors.invalidTimeInForce, 'A market order cannot rest: its timeInForce is "IOC" or "FOK".');
  }
  if (postOnly && (type === 'market' || timeInForce !== 'GTC')) {
    throw new CodedError(errors.invalidPostOnly, 'Only a limit order with timeInForce "GTC" can be postOnly.');
  }
  if (type === 'market' && body.price !== undefined) {
    throw new CodedError(errors.invalidPrice, 'A market order has no price: leave it out, or send type "limit".');
  }
  if (type === 'limit' && body.price === undefined) {
    throw new CodedError(errors.invalidPrice, 'A limit order needs a price: a decimal number in a string.');
  }
  return {
    side: body.side === 'buy' ? BUY : SELL,
    type,
    timeInForce,
    postOnly,
    price: body.price === undefined ? 0 : parsePrice(body.price, market),
    quantity: parseQuantity(body.quantity, market),
  };
}

export function parsePrice(text: string, market: Market): number {
  return steps('price', text, market.tick, MAX_PRICE, 'tick size', {
    invalid: errors.invalidPrice,
    offStep: errors.priceOffTick,
    outOfRange: errors.priceOutOfRange,
  });
}

export function parseQuantity(text: string, market: Market): number {
  return steps('quantity', text, market.lot, MAX_QUANTITY, 'lot size', {
    invalid: errors.invalidQuantity,
    offStep: errors.quantityOffLot,
    outOfRange: errors.quantityOutOfRange,
  });
}

/** Throws unless `id` is absent or a client order id. Returns '' for absent. */
export function parseClientOrderId(id: string | undefined): string {
  if (id === undefined) return '';
  if (CLIENT_ORDER_ID.test(id)) return id;
  throw new CodedError(
    errors.invalidClientOrderId,
    `clientOrderId must have 1 to 64 visible ASCII characters, not ${id.length}${id.length > 64 ? '' : ' with others among them'}.`,
  );
}

function steps(
  field: string,
  text: string,
  step: DecimalStep,
  max: number,
  stepName: string,
  codes: { invalid: ErrorDefinition; offStep: ErrorDefinition; outOfRange: ErrorDefinition },
): number {
  const parsed = step.parse(text, max);
  if (typeof parsed === 'number') return parsed;
  const shown = JSON.stringify(text.length > 48 ? `${text.slice(0, 48)}…` : text);
  const sentences: Record<StepsError, readonly [ErrorDefinition, string]> = {
    malformed: [
      codes.invalid,
      `${field} must be a positive decimal number without sign, exponent or spaces, such as "101.25", not ${shown}.`,
    ],
    zero: [codes.invalid, `${field} must be greater than zero, not ${shown}.`],
    offStep: [codes.offStep, `${field} must be a multiple of the ${stepName} ${step.text}, not ${shown}.`],
    outOfRange: [codes.outOfRange, `${field} must be at most ${step.format(max)}, not ${shown}.`],
  };
  const [definition, sentence] = sentences[parsed];
  throw new CodedError(definition, sentence);
}

import { type Static, Type } from '@sinclair/typebox';
import { CodedError, type ErrorDefinition } from '@sluice/kit';
import { BUY, MAX_QUANTITY, SELL } from '../engine/book.ts';
import { MAX_PRICE } from '../engine/ladder.ts';
import { errors } from '../errors.ts';
import { type ExtraTerms, type Leg, NO_EXTRA, type Terms } from '../exchange/command.ts';
import type { DecimalStep, StepsError } from '../exchange/decimal.ts';
import type { Market } from '../exchange/market.ts';

const closed = { additionalProperties: false } as const;
const amount = (description: string) => Type.String({ description, maxLength: 256 });
export const CLIENT_ORDER_ID = /^[\x21-\x7e]{1,64}$/;

export const placeSchema = Type.Object(
  {
    symbol: Type.String({ description: 'Name of a symbol of this book.', maxLength: 256 }),
    side: Type.Union([Type.Literal('buy'), Type.Literal('sell')], { description: 'What the order does.' }),
    type: Type.Optional(Type.Union([Type.Literal('limit'), Type.Literal('market')], { description: 'Default limit.' })),
    timeInForce: Type.Optional(
      Type.Union(
        [Type.Literal('GTC'), Type.Literal('IOC'), Type.Literal('FOK'), Type.Literal('GTD'), Type.Literal('DAY')],
        {
          description:
            'GTC rests until it is cancelled (default of a limit order), IOC cancels its rest (default of a market order), FOK fills wholly or not at all, GTD rests until expiresTime, DAY until midnight UTC.',
        },
      ),
    ),
    postOnly: Type.Optional(
      Type.Boolean({ description: 'Refuse the order when it would match at once. Default false.' }),
    ),
    price: Type.Optional(amount('Limit as a decimal string, a multiple of the tick size. None for a market order.')),
    quantity: amount('Quantity as a decimal string, a multiple of the lot size.'),
    stopPrice: Type.Optional(amount('The order waits outside the book until a trade at this price or beyond it.')),
    displayQuantity: Type.Optional(amount('How much of the order the book shows at a time.')),
    selfTrade: Type.Optional(
      Type.Union(
        [
          Type.Literal('allow'),
          Type.Literal('cancelNewest'),
          Type.Literal('cancelOldest'),
          Type.Literal('cancelBoth'),
          Type.Literal('decrement'),
        ],
        { description: 'What happens when the order would trade with another one of the account. Default allow.' },
      ),
    ),
    expiresTime: Type.Optional(Type.String({ description: 'End of a GTD order, RFC 3339.', maxLength: 64 })),
    linkedTo: Type.Optional(
      Type.String({
        description:
          'Id of an open order of the account on the same side: when one of the two trades, is triggered or leaves, the other is cancelled.',
        maxLength: 64,
      }),
    ),
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

const pick = <Name extends keyof PlaceBody>(...names: readonly Name[]) => Type.Pick(placeSchema, [...names], closed);

export const pairSchema = Type.Object(
  {
    ...pick('symbol', 'side', 'quantity', 'selfTrade').properties,
    stop: Type.Object(
      { ...pick('price', 'clientOrderId').properties, stopPrice: amount('The price at which it enters the book.') },
      {
        ...closed,
        description: 'The order that waits for its price; without a price of its own it is a market order then.',
      },
    ),
    limit: Type.Object(
      {
        ...pick('postOnly', 'timeInForce', 'expiresTime', 'displayQuantity', 'clientOrderId').properties,
        price: amount('Limit as a decimal string, a multiple of the tick size.'),
      },
      { ...closed, description: 'The order that rests in the book; when it expires, the stop is cancelled.' },
    ),
  },
  closed,
);
export type PairBody = Static<typeof pairSchema>;

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
  timeInForce: [errors.invalidTimeInForce, 'timeInForce must be "GTC", "IOC", "FOK", "GTD" or "DAY"'],
  postOnly: [errors.invalidPostOnly, 'postOnly must be true or false'],
  price: [errors.invalidPrice, 'price must be a decimal number in a string, such as "101.25"'],
  quantity: [errors.invalidQuantity, 'quantity must be a decimal number in a string, such as "0.5"'],
  stopPrice: [errors.invalidStop, 'stopPrice must be a decimal number in a string, such as "101.25"'],
  displayQuantity: [
    errors.invalidDisplayQuantity,
    'displayQuantity must be a decimal number in a string, such as "0.5"',
  ],
  selfTrade: [
    errors.invalidSelfTrade,
    'selfTrade must be "allow", "cancelNewest", "cancelOldest", "cancelBoth" or "decrement"',
  ],
  expiresTime: [errors.invalidExpiry, 'expiresTime must be a time such as "2027-01-31T17:00:00Z"'],
  linkedTo: [errors.invalidOrderId, 'linkedTo must be the id of an order, in a string'],
  phase: [errors.invalidPhase, 'phase must be "continuous", "halted" or "call"'],
  lowest: [errors.invalidBand, 'lowest must be a decimal number in a string, such as "101.25"'],
  highest: [errors.invalidBand, 'highest must be a decimal number in a string, such as "101.25"'],
  stop: [errors.invalidPair, 'stop must be an object with a stopPrice'],
  limit: [errors.invalidPair, 'limit must be an object with a price'],
  clientOrderId: [errors.invalidClientOrderId, 'clientOrderId must be a string of 1 to 64 visible ASCII characters'],
};

/** The coded error for a body that its schema refused, undefined when no field of ours is to blame. */
export function wrongField(instancePath: string, missing: string | undefined): CodedError | undefined {
  const found = WRONG_FIELD[missing ?? instancePath.slice(instancePath.lastIndexOf('/') + 1)];
  return found === undefined ? undefined : new CodedError(found[0], `${found[1]}.`);
}

/** Checks the order against its market. Throws a coded error with the sentence for the client. */
export function parseTerms(body: PlaceBody, market: Market, nowMs: number): Terms {
  const type = body.type ?? 'limit';
  const asked = body.timeInForce ?? (type === 'market' ? 'IOC' : 'GTC');
  const rests = asked === 'GTC' || asked === 'GTD' || asked === 'DAY';
  const postOnly = body.postOnly ?? false;
  if (type === 'market' && rests) {
    throw new CodedError(errors.invalidTimeInForce, 'A market order cannot rest: its timeInForce is "IOC" or "FOK".');
  }
  if (postOnly && !rests) {
    throw new CodedError(errors.invalidPostOnly, 'Only a limit order that may rest can be postOnly.');
  }
  if (type === 'market' && body.price !== undefined) {
    throw new CodedError(errors.invalidPrice, 'A market order has no price: leave it out, or send type "limit".');
  }
  if (type === 'limit' && body.price === undefined) {
    throw new CodedError(errors.invalidPrice, 'A limit order needs a price: a decimal number in a string.');
  }
  const quantity = parseQuantity(body.quantity, market);
  const extra = parseExtra(body, market, quantity, rests, nowMs);
  return {
    side: body.side === 'buy' ? BUY : SELL,
    type,
    timeInForce: asked === 'IOC' || asked === 'FOK' ? asked : 'GTC',
    postOnly,
    price: body.price === undefined ? 0 : parsePrice(body.price, market),
    quantity,
    ...(extra !== undefined && { extra }),
  };
}

/** Checks both orders of a pair. Throws a coded error with the sentence for the client. */
export function parsePair(
  { stop, limit, ...common }: PairBody,
  market: Market,
  nowMs: number,
): { stop: Leg; limit: Leg } {
  const ids = [parseClientOrderId(stop.clientOrderId), parseClientOrderId(limit.clientOrderId)] as const;
  if ((ids[0] === '') !== (ids[1] === '') || (ids[0] !== '' && ids[0] === ids[1])) {
    // With one id alone, a repetition could not tell which other order was meant.
    const sentence = 'Give both orders of a pair a clientOrderId, two different ones, or none.';
    throw new CodedError(errors.invalidClientOrderId, sentence);
  }
  const stopTerms = parseTerms(
    { ...common, ...stop, type: stop.price === undefined ? 'market' : 'limit' },
    market,
    nowMs,
  );
  const limitTerms = parseTerms({ ...common, ...limit, type: 'limit' }, market, nowMs);
  if (limitTerms.timeInForce !== 'GTC') {
    throw new CodedError(errors.invalidTimeInForce, 'The limit of a pair must be able to rest: "GTC", "GTD" or "DAY".');
  }
  return {
    stop: { ...stopTerms, extra: stopTerms.extra ?? NO_EXTRA, clientOrderId: ids[0] },
    limit: { ...limitTerms, extra: limitTerms.extra ?? NO_EXTRA, clientOrderId: ids[1] },
  };
}

/** What only some orders have; undefined for the others, so that they are written as they always were. */
function parseExtra(
  body: PlaceBody,
  market: Market,
  quantity: number,
  rests: boolean,
  nowMs: number,
): ExtraTerms | undefined {
  const extra = {
    stopPrice: body.stopPrice === undefined ? 0 : parsePrice(body.stopPrice, market, 'stopPrice', errors.invalidStop),
    displayQuantity: body.displayQuantity === undefined ? 0 : parseDisplay(body.displayQuantity, market),
    selfTrade: body.selfTrade ?? 'allow',
    expiresMs: parseExpiry(body, nowMs),
    linkedTo: body.linkedTo === undefined ? 0 : parseOrderId(body.linkedTo),
  };
  if (extra.displayQuantity > 0 && (!rests || extra.displayQuantity > quantity)) {
    const sentence = 'displayQuantity is for a limit order that may rest, and is at most its quantity.';
    throw new CodedError(errors.invalidDisplayQuantity, sentence);
  }
  const { stopPrice, displayQuantity, selfTrade, expiresMs, linkedTo } = extra;
  const isPlain = stopPrice + displayQuantity + expiresMs + linkedTo === 0 && selfTrade === 'allow';
  return isPlain ? undefined : extra;
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;
const DAY_MS = 86_400_000;

function parseExpiry({ timeInForce, expiresTime }: PlaceBody, nowMs: number): number {
  if ((timeInForce === 'GTD') !== (expiresTime !== undefined)) {
    throw new CodedError(errors.invalidExpiry, 'expiresTime belongs to timeInForce "GTD", and "GTD" needs it.');
  }
  if (timeInForce === 'DAY') return (Math.floor(nowMs / DAY_MS) + 1) * DAY_MS;
  if (expiresTime === undefined) return 0;
  const expiresMs = TIME.test(expiresTime) ? Date.parse(expiresTime) : Number.NaN;
  if (expiresMs > 0) return expiresMs;
  throw new CodedError(errors.invalidExpiry, 'expiresTime must be a time such as "2027-01-31T17:00:00Z".');
}

const ORDER_ID = /^[1-9]\d{0,15}$/;

/** Throws unless `text` is an order id. */
export function parseOrderId(text: string): number {
  const id = Number(text);
  if (ORDER_ID.test(text) && Number.isSafeInteger(id)) return id;
  throw new CodedError(errors.invalidOrderId, 'An order id is a whole number as it came in the answer to the order.');
}

export function parsePrice(
  text: string,
  market: Market,
  field = 'price',
  invalid: ErrorDefinition = errors.invalidPrice,
): number {
  return steps(field, text, market.tick, MAX_PRICE, 'tick size', {
    invalid,
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

function parseDisplay(text: string, market: Market): number {
  return steps('displayQuantity', text, market.lot, MAX_QUANTITY, 'lot size', {
    invalid: errors.invalidDisplayQuantity,
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

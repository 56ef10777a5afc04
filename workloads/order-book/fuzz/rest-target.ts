import { createHealth, createService, problemMediaType, serviceErrors } from '@sluice/kit';
import type { Random } from '@sluice/runtime/clock';
import { errors } from '../errors.ts';
import { createOrderEntry } from '../gateway/order-entry.ts';
import { addRoutes } from '../gateway/routes.ts';
import { openFuzzBook, SYMBOL } from './book.ts';
import { Finding, same, type Target } from './target.ts';

type Json = Readonly<Record<string, unknown>>;
type App = ReturnType<typeof createService>;
interface Answer {
  readonly status: number;
  readonly body: Json;
}

/** Codes that say the door is at fault, not its client. */
const FAULTS: readonly string[] = ['SLUICE_INTERNAL', 'SLUICE_INVALID_RECORD', 'SLUICE_UNKNOWN_ACCOUNT'];
const KNOWN = new Set<string>(
  Object.values({ ...serviceErrors, ...errors }).flatMap(({ code }) => (FAULTS.includes(code) ? [] : [code])),
);
const HEADERS = { 'content-type': 'application/json', 'sluice-account': 'fuzz' };

/** The first byte of an input chooses the door; the rest is the body, or the part of the path after `/v1/orders`. */
const DOORS = { place: 0, replace: 1, cancel: 2, list: 3 } as const;
const DOOR_COUNT = 4;

export async function createRestTarget(): Promise<Target> {
  const book = await openFuzzBook();
  const { log, registry } = book;
  const app = createService({ name: 'fuzz', version: '0', log, registry, health: createHealth() });
  const entry = createOrderEntry(book);
  addRoutes(app, { ...book, entry, secured: false, version: '0', epoch: 1, publication: () => undefined });
  await app.ready();
  const execute = async (input: Uint8Array): Promise<void> => {
    const door = (input[0] ?? 0) % DOOR_COUNT;
    const rest = Buffer.from(input.subarray(1));
    if (door === DOORS.place) await place(app, rest);
    else if (door === DOORS.replace) await replace(app, rest);
    else await path(app, door, rest);
    book.clear();
  };
  return { name: 'rest', seeds: seeds(), words: words(), change: changeValue, execute };
}

async function place(app: App, payload: Buffer): Promise<void> {
  const { status, body } = await ask(app, 'POST', '/v1/orders', payload);
  if (status >= 300) return;
  checkOrder(body, JSON.parse(payload.toString()));
}

async function replace(app: App, payload: Buffer): Promise<void> {
  const { body: order } = await ask(app, 'POST', '/v1/orders', Buffer.from(JSON.stringify(good)));
  const { status, body } = await ask(app, 'PATCH', `/v1/orders/${order.id}`, payload);
  if (status < 300) checkOrder(body, { ...good, ...JSON.parse(payload.toString()) });
}

/** A path has no other bytes than visible ASCII: all others come as %XX, as a client would send them. */
async function path(app: App, door: number, bytes: Buffer): Promise<void> {
  const text = [...bytes]
    .map((byte) => (byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`))
    .join('');
  if (door === DOORS.cancel) await ask(app, 'DELETE', `/v1/orders/${text}`);
  else await ask(app, 'GET', `/v1/orders?${text}`);
}

/** Asks, and checks what holds of every answer: JSON, a known code, a sentence, and no failure of the service. */
async function ask(
  app: App,
  method: 'POST' | 'PATCH' | 'DELETE' | 'GET',
  url: string,
  payload?: Buffer,
): Promise<Answer> {
  const headers = payload === undefined ? { 'sluice-account': 'fuzz' } : HEADERS;
  const response = await app.inject({ method, url, headers, ...(payload !== undefined && { payload }) });
  const { statusCode: status } = response;
  const body = response.json<Json>();
  if (status < 300) return { status, body };
  same(response.headers['content-type'], problemMediaType, 'media type of a refusal');
  const { code, detail } = body;
  if (status >= 500 || typeof code !== 'string' || !KNOWN.has(code)) throw new Finding(`${status} ${code}: ${detail}`);
  if (typeof detail !== 'string' || detail.length < 10 || detail.length > 500)
    throw new Finding(`no sentence: ${detail}`);
  return { status, body };
}

/** An accepted order says what was asked for: each field that was sent, and the declared value of each that was not. */
function checkOrder(order: Json, asked: Json): void {
  const type = asked.type ?? 'limit';
  const timeInForce = asked.timeInForce ?? (type === 'market' ? 'IOC' : 'GTC');
  const words = { symbol: asked.symbol, side: asked.side, type, postOnly: asked.postOnly ?? false };
  for (const [name, word] of Object.entries(words)) same(order[name], word, name);
  same(order.timeInForce, timeInForce === 'DAY' ? 'GTD' : timeInForce, 'timeInForce');
  same(order.clientOrderId, asked.clientOrderId, 'clientOrderId');
  same(order.selfTrade ?? 'allow', asked.selfTrade ?? 'allow', 'selfTrade');
  for (const name of ['price', 'quantity', 'stopPrice', 'displayQuantity']) {
    same(value(order[name]), value(asked[name]), name);
    const amount = order[name];
    if (amount !== undefined && !/^[1-9]|[1-9]$/.test(String(amount).replace(/0+$/, '')))
      throw new Finding(`${name} ${amount}`);
  }
  if (asked.expiresTime !== undefined) {
    same(Date.parse(String(order.expiresTime)), Date.parse(String(asked.expiresTime)), 'expiresTime');
  }
}

/** Decimal text without the zeros that do not count. */
function value(text: unknown): unknown {
  if (typeof text !== 'string') return text;
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

const good = { symbol: SYMBOL.name, side: 'buy', price: '50.05', quantity: '0.03' };
const bodies: readonly object[] = [
  good,
  { ...good, side: 'sell', timeInForce: 'IOC', clientOrderId: 'x-1' },
  { symbol: SYMBOL.name, side: 'sell', type: 'market', quantity: '3', timeInForce: 'FOK' },
  { ...good, postOnly: true, displayQuantity: '0.006', selfTrade: 'decrement' },
  { ...good, timeInForce: 'GTD', expiresTime: '2028-01-31T17:00:00.5+01:00' },
  { ...good, timeInForce: 'DAY', stopPrice: '49', type: 'limit' },
  { ...good, price: '107374182.35', quantity: '6442450.941', linkedTo: '1' },
  { ...good, price: '-1', quantity: '1e3' },
];

function seeds(): Uint8Array[] {
  const input = (door: keyof typeof DOORS, text: string): Buffer =>
    Buffer.from(`${String.fromCharCode(DOORS[door])}${text}`);
  return [
    ...bodies.map((body) => input('place', JSON.stringify(body))),
    input('replace', '{"price":"50.1"}'),
    input('replace', '{"quantity":"0.003","price":"0.05"}'),
    input('cancel', '12'),
    input('list', 'symbol=BTC-EUR&clientOrderId=x&after=1&limit=10'),
    input('place', ''),
    input('place', '[]'),
  ];
}

const AMOUNTS = [
  ...[
    '0',
    '0.0',
    '-0',
    '-1',
    '+1',
    '1',
    '0.05',
    '0.003',
    '50.051',
    '50.0500',
    '0.0031',
    '0.02',
    '107374182.40',
    '6442450.944',
  ],
  ...[
    '1e1',
    '1E-2',
    'NaN',
    'Infinity',
    '0x10',
    '٣',
    '9007199254740993',
    '2147483648',
    '.5',
    '5.',
    '05',
    ' 1',
    '',
    '2027-13-01T00:00:00Z',
  ],
];

/** Puts another amount in the place of one of the values, which are the strings that no colon follows. */
function changeValue(input: Uint8Array, random: Random): Uint8Array {
  const text = Buffer.from(input).toString('latin1');
  const strings = [...text.matchAll(/"[^"\\]*"/g)];
  const values = strings.filter(({ index, 0: { length } }) => text[index + length] !== ':');
  const value = values[Math.floor(random() * values.length)];
  const amount = Buffer.from(AMOUNTS[Math.floor(random() * AMOUNTS.length)] ?? '').toString('latin1');
  if (value === undefined) return new Uint8Array(input);
  const changed = `${text.slice(0, value.index)}"${amount}"${text.slice(value.index + value[0].length)}`;
  return new Uint8Array(Buffer.from(changed, 'latin1'));
}

function words(): Uint8Array[] {
  const keys = [
    'symbol',
    'side',
    'type',
    'timeInForce',
    'postOnly',
    'price',
    'quantity',
    'stopPrice',
    'displayQuantity',
  ];
  const others = ['selfTrade', 'expiresTime', 'linkedTo', 'clientOrderId', '__proto__', 'constructor', 'prototype'];
  const values = [
    'buy',
    'sell',
    'limit',
    'market',
    'GTC',
    'IOC',
    'FOK',
    'GTD',
    'DAY',
    'allow',
    'cancelNewest',
    'decrement',
  ];
  const tokens = [
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    'true',
    'false',
    'null',
    '\\u0000',
    '\\ud800',
    '\\"',
    ' ',
    '\n',
    '%00',
    '&',
  ];
  const texts = [
    ...[...keys, ...others].map((key) => `,"${key}":`),
    ...[...values, ...AMOUNTS].map((text) => `"${text}"`),
  ];
  return [...texts, ...AMOUNTS, ...tokens].map((text) => Buffer.from(text));
}

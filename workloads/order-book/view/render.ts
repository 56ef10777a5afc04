import type { BookModel, Level, Print } from './model.ts';

export interface Frame {
  readonly columns: number;
  readonly rows: number;
  readonly color: boolean;
}

type Paint = 'plain' | 'bid' | 'ask' | 'dim' | 'strong' | 'warn';
const CODES: Readonly<Record<Paint, string>> = { plain: '', bid: '32', ask: '31', dim: '2', strong: '1', warn: '33' };

/** Text of one colour; a line is several of them. */
type Span = readonly [paint: Paint, text: string];
type Line = readonly Span[];

/** Eighths of a character cell. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const CELL = 14;
/** Price, quantity, sum and a gap before the bar. */
const AMOUNTS_WIDTH = 3 * CELL + 2;
const PRINTS_WIDTH = 42;
/** Title, heading and the line of the spread. */
const FIXED_ROWS = 3;

/**
 * The screen as lines: asks above, bids below, best ones in the middle, each with the quantity at its price, the sum from the best to it,
 * and a bar of that quantity; on wide screens the last trades stand beside. Pure: the same book and frame give the same lines.
 */
export function render(model: BookModel, { columns, rows, color }: Frame): string[] {
  const isWide = columns >= AMOUNTS_WIDTH + PRINTS_WIDTH;
  const width = isWide ? columns - PRINTS_WIDTH : columns;
  const left = ladder(model, width, Math.max(1, Math.floor((rows - FIXED_ROWS) / 2)));
  const body = isWide ? beside(left, width, prints(model, rows - 1)) : left;
  return [title(model, columns), ...body].slice(0, rows).map((line) => text(line, columns, color));
}

/** One line for outputs that are no screen. */
export function summary(model: BookModel, nowMs: number): string {
  const [ask] = model.best('asks', 1);
  const [bid] = model.best('bids', 1);
  const level = (at: Level | undefined): string => (at === undefined ? '-' : `${at.price} x ${at.quantity}`);
  const time = new Date(nowMs).toISOString().slice(11, 19);
  const last = model.prints[0]?.price ?? '-';
  const state = model.status === 'live' ? '' : `  ${model.status}`;
  return `${time}  ${model.symbol}  bid ${level(bid)}  ask ${level(ask)}  last ${last}  ${model.tradesPerSecond} trades/s${state}`;
}

/** A bar of at most `room` cells whose length is `value` in `largest`. */
export function bar(value: number, largest: number, room: number): string {
  if (largest === 0 || room <= 0) return '';
  const eighths = Math.max(1, Math.round((value / largest) * room * 8));
  return `${'█'.repeat(Math.floor(eighths / 8))}${EIGHTHS[eighths % 8]}`;
}

function title({ symbol, address, status, updatesPerSecond, tradesPerSecond }: BookModel, columns: number): Line {
  const state = { live: 'live', connecting: 'connecting …', lost: 'connection lost, trying again …' }[status];
  const rates = `${updatesPerSecond} updates/s  ${tradesPerSecond} trades/s`;
  const taken = 1 + symbol.length + 2 + 1 + state.length + 2 + rates.length;
  const shown = taken + address.length <= columns ? address : '';
  return [
    ['strong', ` ${symbol}  `],
    ['dim', shown],
    ['plain', ' '.repeat(Math.max(1, columns - taken - shown.length + 1))],
    [status === 'live' ? 'bid' : 'warn', state],
    ['dim', `  ${rates}`],
  ];
}

/** Heading, asks from the worst to the best, spread, bids from the best to the worst. The spread stays in the middle. */
function ladder(model: BookModel, width: number, depth: number): Line[] {
  const asks = model.best('asks', depth);
  const bids = model.best('bids', depth);
  const largest = Math.max(0, ...[...asks, ...bids].map(({ quantity }) => Number(quantity)));
  const room = width - AMOUNTS_WIDTH;
  return [
    [['dim', `${cell('price')}${cell('quantity')}${cell('sum')}`]],
    ...Array.from({ length: depth - asks.length }, (): Line => []),
    ...side(asks, 'ask', largest, room).reverse(),
    [['strong', middle(asks[0], bids[0], model.prints[0])]],
    ...side(bids, 'bid', largest, room),
  ];
}

function side(levels: readonly Level[], paint: 'bid' | 'ask', largest: number, room: number): Line[] {
  const digits = Math.max(0, ...levels.map(({ quantity }) => fractionOf(quantity)));
  let sum = 0;
  return levels.map(({ price, quantity }) => {
    sum += Number(quantity);
    return [
      [paint, cell(price)],
      ['plain', cell(quantity)],
      ['dim', `${cell(sum.toFixed(digits))}  `],
      [paint, bar(Number(quantity), largest, room)],
    ];
  });
}

function middle(ask: Level | undefined, bid: Level | undefined, last: Print | undefined): string {
  const lastText = last === undefined ? 'no trade yet' : `last ${last.price} ${last.side === 'buy' ? '▲' : '▼'}`;
  if (ask === undefined && bid === undefined) return `  ${lastText}   the book is empty`;
  if (ask === undefined || bid === undefined) return `  ${lastText}   one side is empty`;
  const spread = Number(ask.price) - Number(bid.price);
  const percent = ((200 * spread) / (Number(ask.price) + Number(bid.price))).toFixed(3);
  return `  ${lastText}   spread ${spread.toFixed(fractionOf(ask.price))} (${percent} %)`;
}

function prints({ prints: all }: BookModel, rows: number): Line[] {
  const lines = all.slice(0, Math.max(0, rows - 1)).map(
    ({ time, side: taker, price, quantity }): Line => [
      ['dim', `  ${time.slice(11, 23).padEnd(12)}`],
      [taker === 'buy' ? 'bid' : 'ask', cell(price)],
      ['plain', cell(quantity)],
    ],
  );
  return [[['dim', `  ${'trades'.padEnd(12)}${cell('price')}${cell('quantity')}`]], ...lines];
}

/** The lines of two columns, of which the left one is `width` wide. */
function beside(left: readonly Line[], width: number, right: readonly Line[]): Line[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, row) => {
    const line = left[row] ?? [];
    const used = line.reduce((sum, [, part]) => sum + part.length, 0);
    return [...line, ['plain', ' '.repeat(Math.max(0, width - used))], ...(right[row] ?? [])];
  });
}

/** The line as text of at most `columns` cells. */
function text(line: Line, columns: number, color: boolean): string {
  let room = columns;
  let written = '';
  for (const [paint, part] of line) {
    const shown = part.slice(0, room);
    room -= shown.length;
    written += color && paint !== 'plain' && shown !== '' ? `\x1b[${CODES[paint]}m${shown}\x1b[0m` : shown;
  }
  return written.trimEnd();
}

function cell(content: string): string {
  return content.padStart(CELL);
}

function fractionOf(decimal: string): number {
  return decimal.split('.')[1]?.length ?? 0;
}

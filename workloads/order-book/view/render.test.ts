import { describe, expect, test } from 'vitest';
import { BookModel } from './model.ts';
import { bar, render, summary } from './render.ts';

function model(): BookModel {
  const book = new BookModel('BTC-EUR', 'http://127.0.0.1:8080');
  const rows = (first: number, step: number) =>
    Array.from({ length: 12 }, (_, index) => [(first + step * index).toFixed(2), `${((index * 7) % 5) + 1}.5000`]);
  book.message(JSON.stringify({ type: 'snapshot', bids: rows(100, -0.25), asks: rows(100.5, 0.25) }));
  for (let id = 1; id <= 8; id++) {
    const side = id % 3 === 0 ? 'sell' : 'buy';
    const time = `2026-01-01T10:00:0${id}.250Z`;
    book.message(JSON.stringify({ type: 'match', trade_id: id, time, side, price: '100.25', size: `0.0${id}00` }));
  }
  book.second();
  return book;
}

describe('render', () => {
  test('a wide screen has ladder, bars, spread and trades', () => {
    expect(render(model(), { columns: 110, rows: 15, color: false }).join('\n')).toMatchInlineSnapshot(`
      " BTC-EUR  http://127.0.0.1:8080                                                  live  0 updates/s  8 trades/s
               price      quantity           sum                            trades               price      quantity
              101.75        1.5000       19.0000  ██████▌                   10:00:08.250        100.25        0.0800
              101.50        4.5000       17.5000  ███████████████████▋      10:00:07.250        100.25        0.0700
              101.25        2.5000       13.0000  ██████████▉               10:00:06.250        100.25        0.0600
              101.00        5.5000       10.5000  ████████████████████████  10:00:05.250        100.25        0.0500
              100.75        3.5000        5.0000  ███████████████▎          10:00:04.250        100.25        0.0400
              100.50        1.5000        1.5000  ██████▌                   10:00:03.250        100.25        0.0300
        last 100.25 ▼   spread 0.50 (0.499 %)                               10:00:02.250        100.25        0.0200
              100.00        1.5000        1.5000  ██████▌                   10:00:01.250        100.25        0.0100
               99.75        3.5000        5.0000  ███████████████▎
               99.50        5.5000       10.5000  ████████████████████████
               99.25        2.5000       13.0000  ██████████▉
               99.00        4.5000       17.5000  ███████████████████▋
               98.75        1.5000       19.0000  ██████▌"
    `);
  });

  test('a narrow screen has the ladder alone', () => {
    expect(render(model(), { columns: 60, rows: 9, color: false }).join('\n')).toMatchInlineSnapshot(`
      " BTC-EUR                       live  0 updates/s  8 trades/s
               price      quantity           sum
              101.00        5.5000       10.5000  ████████████████
              100.75        3.5000        5.0000  ██████████▏
              100.50        1.5000        1.5000  ████▍
        last 100.25 ▼   spread 0.50 (0.499 %)
              100.00        1.5000        1.5000  ████▍
               99.75        3.5000        5.0000  ██████████▏
               99.50        5.5000       10.5000  ████████████████"
    `);
  });

  test('colours add nothing but colours', () => {
    const colored = render(model(), { columns: 110, rows: 15, color: true }).join('\n');
    expect(colored).toContain('\x1b[31m');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape begins a colour.
    const plain = colored.replaceAll(/\x1b\[[\d;]*m/g, '').replaceAll(/ +$/gm, '');
    expect(plain).toBe(render(model(), { columns: 110, rows: 15, color: false }).join('\n'));
  });

  test('no line is wider, and no screen higher, than asked', () => {
    for (const columns of [20, 44, 45, 85, 86, 87, 200]) {
      for (const rows of [1, 2, 3, 4, 5, 50]) {
        const lines = render(model(), { columns, rows, color: false });
        expect(lines.length).toBeLessThanOrEqual(rows);
        expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
      }
    }
  });

  test('an empty book, one side, and a lost connection say so', () => {
    const book = new BookModel('BTC-EUR', 'http://127.0.0.1:8080');
    const screen = () => render(book, { columns: 90, rows: 8, color: false }).join('\n');
    expect(screen()).toContain('connecting');
    book.message('{"type":"snapshot","bids":[],"asks":[]}');
    expect(screen()).toContain('the book is empty');
    book.message('{"type":"l2update","changes":[["buy","9.50","1"]]}');
    expect(screen()).toContain('one side is empty');
    expect(screen()).toContain('9.50');
    book.status = 'lost';
    expect(screen()).toContain('connection lost');
  });
});

test('a bar has the length of its share, to the eighth of a cell', () => {
  expect([bar(10, 10, 4), bar(5, 10, 4), bar(1, 16, 4), bar(1, 10_000, 4), bar(0, 0, 4)]).toEqual([
    '████',
    '██',
    '▎',
    '▏',
    '',
  ]);
});

test('one line sums the book up', () => {
  expect(summary(model(), Date.UTC(2026, 0, 1, 10, 0, 9))).toBe(
    '10:00:09  BTC-EUR  bid 100.00 x 1.5000  ask 100.50 x 1.5000  last 100.25  8 trades/s',
  );
});

test('the model keeps what the feed says', () => {
  const book = model();
  book.message('{"type":"l2update","changes":[["buy","100.00","0.0000"],["sell","100.50","9.0000"]]}');
  expect(book.best('bids', 1)).toMatchObject([{ price: '99.75' }]);
  expect(book.best('asks', 1)).toMatchObject([{ price: '100.50', quantity: '9.0000' }]);
  // The feed names the maker: a buyer who was hit is a sale.
  expect(book.prints[0]).toMatchObject({ id: 8, side: 'sell' });
  book.message(JSON.stringify({ type: 'last_match', trade_id: 8, time: '', side: 'buy', price: '1', size: '1' }));
  expect(book.prints).toHaveLength(8);
  book.history([
    { trade_id: 1, time: '', side: 'buy', price: '1', size: '1' },
    { trade_id: 0, time: '', side: 'sell', price: '2', size: '1' },
  ]);
  expect(book.prints.at(-1)).toMatchObject({ id: 0, side: 'buy', price: '2' });
  expect(book.prints).toHaveLength(9);
  expect(book.message('{"type":"error","message":"Failed to subscribe","reason":"X is not a valid product"}')).toBe(
    'X is not a valid product',
  );
});

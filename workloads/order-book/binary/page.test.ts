import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { REASONS } from '../gateway/views.ts';
import { RESULT } from './answer-frame.ts';
import { allCodes } from './codes.ts';
import { FRAME_BYTES, writeFrame } from './command-frame.ts';
import { encodeHello, encodeWelcome } from './hello.ts';

const read = (name: string): string => readFileSync(join(import.meta.dirname, '../../../docs', name), 'utf8');
const page = read('order-book-binary.md');

/** Bytes as `hexdump -C` shows them. */
function dump(title: string, bytes: Uint8Array): string {
  const lines = [title];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map((byte, index) => byte.toString(16).padStart(2, '0') + (index === 7 ? ' ' : '')).join(' ');
    const text = row.map((byte) => (byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(48)}  |${text}|`);
  }
  return lines.join('\n');
}

function example(): string {
  const place = new Uint8Array(FRAME_BYTES);
  const order = { symbol: 0, side: 0, price: 10_000, quantity: 5, clientOrderId: 77 } as const;
  writeFrame(new DataView(place.buffer), 0, { kind: 'place', request: 7, ...order });
  const result = new Uint8Array(40);
  const words = new DataView(result.buffer);
  result.set([RESULT, 1]);
  for (const [at, word] of [
    [4, 7],
    [8, 3],
    [16, 10_000],
    [20, 5],
  ] as const)
    words.setUint32(at, word, true);
  const symbols = [{ number: 0, name: 'BTC-EUR', tickSize: '0.01', lotSize: '0.0001', trading: true }];
  return [
    dump('hello', encodeHello({ kind: 'account', text: 'alice' })),
    dump('welcome', encodeWelcome({ window: 4_096, commandsPerSecond: 1_000, symbols })),
    dump('place', place),
    dump('result', result),
  ].join('\n\n');
}

it('the manual shows the bytes that there are', () => expect(page).toContain(`\`\`\`\n${example()}\n\`\`\``));

it('the manual lists every code', () => {
  const rows = allCodes().map(([number, { code, title }]) => `| ${number} | \`${code}\` | ${title} |`);
  expect(page).toContain(['| number | code | |', '|---|---|---|', ...rows].join('\n'));
});

it('the manual lists every reason', () => {
  const rows = [...REASONS].map(([number, word]) => `| \`${word}\` | ${number} | `);
  expect(
    read('order-book.md')
      .split('\n')
      .map((line) => rows.find((row) => line.startsWith(row)))
      .filter((row) => row !== undefined),
  ).toEqual(rows);
});

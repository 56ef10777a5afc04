import { expect, it } from 'vitest';
import { errorOf } from './codes.ts';
import { encodeHello, encodeWelcome, MAX_CREDENTIALS, readHello, readWelcome, type Welcome } from './hello.ts';

const hello = encodeHello({ kind: 'account', text: 'alice' });

it('is read whole, however it arrives, and what follows it is left', () => {
  for (let length = 0; length < hello.length; length++) expect(readHello(hello.subarray(0, length))).toBeUndefined();
  const credentials = { kind: 'account', text: 'alice' };
  expect(readHello(hello)).toEqual({ credentials, length: 13 });
  expect(readHello(Buffer.concat([hello, Buffer.from('more')]))).toEqual({ credentials, length: 13 });
  const token = encodeHello({ kind: 'token', text: 'x'.repeat(MAX_CREDENTIALS) });
  expect(readHello(token)).toMatchObject({ credentials: { kind: 'token' }, length: token.length });
});

/** `hello` with one byte changed. */
function changed(at: number, value: number): Buffer {
  const bytes = Buffer.from(hello);
  bytes[at] = value;
  return bytes;
}

it.each([
  ['another beginning', Buffer.from('GET / HTTP/1.1\r\n'), 'SLUICE_INVALID_FRAME', 'SLOB'],
  ['a wrong first byte and nothing more', Buffer.from('G'), 'SLUICE_INVALID_FRAME', 'SLOB'],
  ['TLS', Buffer.from([0x16, 3, 1, 2, 0, 1]), 'SLUICE_INVALID_FRAME', 'SLOB'],
  ['version 0', changed(4, 0), 'SLUICE_UNSUPPORTED_VERSION', 'not version 0'],
  ['version 2, as soon as it is seen', changed(4, 2).subarray(0, 5), 'SLUICE_UNSUPPORTED_VERSION', 'not version 2'],
  ['an unknown kind of credentials', changed(5, 2), 'SLUICE_INVALID_FRAME', 'Byte 5'],
  ['credentials that are too long', changed(7, 0xff), 'SLUICE_INVALID_FRAME', '8192'],
])('%s is refused', (_name, bytes, code, sentence) => {
  const refused = readHello(bytes);
  if (refused === undefined || !('code' in refused)) throw new Error('taken');
  expect(errorOf(refused.code)?.code).toBe(code);
  expect(refused.sentence).toContain(sentence);
});

it('the welcome names window, rate and symbols', () => {
  const welcome: Welcome = {
    window: 4_096,
    commandsPerSecond: 1_000_000,
    symbols: [
      { number: 0, name: 'BTC-EUR', tickSize: '0.01', lotSize: '0.0001', trading: true },
      { number: 7, name: 'X'.repeat(32), tickSize: `1${'0'.repeat(8)}.${'1'.repeat(9)}`, lotSize: '1', trading: false },
    ],
  };
  const bytes = encodeWelcome(welcome);
  for (let length = 0; length < bytes.length; length++) expect(readWelcome(bytes.subarray(0, length))).toBeUndefined();
  expect(readWelcome(bytes)).toEqual({ welcome, length: bytes.length });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { crc32c } from './crc32c.ts';

it.each([
  ['"123456789"', Buffer.from('123456789'), 0xe3069283],
  ['32 zeros (RFC 3720)', new Uint8Array(32), 0x8a9136aa],
  ['32 ones (RFC 3720)', new Uint8Array(32).fill(255), 0x62a8ab43],
  ['0 … 31 (RFC 3720)', Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
  ['nothing', new Uint8Array(0), 0],
])('the checksum of %s is the published one', (_, bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected);
});

it('a part of an array has the checksum of its copy', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), fc.nat(100), (bytes, a, b) => {
      const [from, to] = [Math.min(a, b, bytes.length), Math.min(Math.max(a, b), bytes.length)];
      expect(crc32c(bytes, from, to)).toBe(crc32c(bytes.slice(from, to)));
    }),
  );
});

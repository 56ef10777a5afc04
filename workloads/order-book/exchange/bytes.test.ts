import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByteReader, ByteWriter } from './bytes.ts';

it('what is written is read back, however often the buffer has to grow', () => {
  const value = fc.oneof(
    fc.record({ kind: fc.constant('u8' as const), value: fc.nat(255) }),
    fc.record({ kind: fc.constant('u16' as const), value: fc.nat(65_535) }),
    fc.record({ kind: fc.constant('u32' as const), value: fc.nat(4_294_967_295) }),
    fc.record({ kind: fc.constant('u53' as const), value: fc.maxSafeNat() }),
    fc.record({ kind: fc.constant('text' as const), value: fc.string({ unit: 'binary', maxLength: 40 }) }),
  );
  fc.assert(
    fc.property(fc.array(value, { maxLength: 60 }), (values) => {
      const writer = new ByteWriter(1);
      for (const item of values) {
        if (item.kind === 'text') writer.text(item.value);
        else writer[item.kind](item.value);
      }
      const reader = new ByteReader(writer.take());
      for (const item of values) expect(reader[item.kind]()).toBe(item.value);
      expect(reader.done).toBe(true);
    }),
  );
});

it('reading past the end throws', () => {
  const writer = new ByteWriter();
  writer.text('abc');
  const bytes = writer.take();
  expect(() => new ByteReader(bytes.subarray(0, 4)).text()).toThrow(RangeError);
  expect(() => new ByteReader(new Uint8Array(3)).u32()).toThrow(RangeError);
});

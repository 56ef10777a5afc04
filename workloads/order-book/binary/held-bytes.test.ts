import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { HeldBytes } from './held-bytes.ts';

it('gives back what came, however it is cut and taken, also when every read uses the same memory', () => {
  const step = fc.record({ size: fc.nat(300), share: fc.double({ min: 0, max: 1, noNaN: true }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.boolean(), (steps, isShared) => {
      const held = new HeldBytes();
      const memory = Buffer.alloc(300);
      let next = 0;
      let expected = 0;
      for (const { size, share } of steps) {
        const chunk = isShared ? memory.subarray(0, size) : Buffer.alloc(size);
        for (let at = 0; at < size; at++) chunk[at] = next++;
        held.add(chunk);
        const count = Math.floor(held.bytes.length * share);
        for (const byte of held.bytes.subarray(0, count)) expect(byte).toBe(expected++ & 255);
        held.drop(count);
        if (isShared) held.keep();
      }
      expect(held.bytes.length).toBe(next - expected);
      for (const byte of held.bytes) expect(byte).toBe(expected++ & 255);
    }),
  );
});

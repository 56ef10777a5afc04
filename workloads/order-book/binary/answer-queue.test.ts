import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { ANSWER_BYTES } from './answer-frame.ts';
import { AnswerQueue, type Taken } from './answer-queue.ts';

const WINDOW = 5;

it('sends each result once and in order, whichever is there first, and never has more than its window', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(4), fc.nat(WINDOW)), { maxLength: 60 }), (steps) => {
      const queue = new AnswerQueue(WINDOW);
      const waiting: Taken[] = [];
      const seen: number[] = [];
      let isOut = 0;
      const send = (): void => {
        const { pieces, count } = queue.takeAnswered();
        const bytes = Buffer.concat(pieces);
        expect(bytes.length).toBe(count * ANSWER_BYTES);
        for (let at = 0; at < bytes.length; at += ANSWER_BYTES) seen.push(bytes.readUInt32LE(at + 4));
        isOut += count;
      };
      const answer = (which: number): void => {
        const [taken] = waiting.splice(which % waiting.length, 1);
        if (taken === undefined) return;
        for (let index = taken.from; index < taken.to; index++) {
          queue.view.setUint32(queue.placeOf(index) + 4, index, true);
        }
        queue.answered(taken);
      };
      let commands = 0;
      for (const [action, number] of steps) {
        const room = WINDOW - queue.underWay;
        if (action < 2 && number > 0 && number <= room) {
          waiting.push(queue.take(number));
          commands += number;
        } else if (action === 2) answer(number);
        else if (action === 3) send();
        else {
          queue.release(isOut);
          isOut = 0;
        }
        expect(queue.underWay).toBeLessThanOrEqual(WINDOW);
        expect(queue.isSent).toBe(seen.length === commands);
      }
      while (waiting.length > 0) answer(0);
      send();
      expect(seen).toEqual(Array.from({ length: commands }, (_, index) => index));
      expect(queue.isSent).toBe(true);
    }),
  );
});

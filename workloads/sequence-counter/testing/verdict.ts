import type { Ordering } from '../core/allocator.ts';
import { countDuplicates, findInversion } from '../load/checkers.ts';
import type { SimulatedAnswer } from './simulation.ts';

/** What is wrong with a history, or undefined. */
export function verdictOn(answers: readonly SimulatedAnswer[], ordering: Ordering): string | undefined {
  if (countDuplicates(answers) > 0) return 'a number was given twice';
  if (ordering === 'Unique') return undefined;
  const inversion = findInversion(answers);
  if (inversion !== undefined) {
    return `${inversion.after.value} was given after ${inversion.before.value} had been answered`;
  }
  if (findInversion(answers.map((answer) => ({ ...answer, value: answer.epoch }))) !== undefined)
    return 'an epoch fell';
  const holders = new Map<bigint, string>();
  for (const { epoch, by } of answers) {
    const holder = holders.get(epoch) ?? by;
    if (holder !== by) return `epoch ${epoch} had two holders`;
    holders.set(epoch, holder);
  }
  return undefined;
}

import type { Clock } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { createScreen, timingTable } from './screen.ts';

function stage(isTTY: boolean) {
  let ms = 0;
  const clock: Clock = { now: () => ms, monotonic: () => ms, setTimer: () => () => undefined };
  const written: string[] = [];
  const output = { isTTY, columns: 80, write: (text: string) => written.push(text) };
  return { screen: createScreen(clock, output), written, pass: (by: number) => (ms += by) };
}

test('without a terminal a step says how far it is every ten seconds, and how it ended', () => {
  const { screen, written, pass } = stage(false);
  const step = screen.step('orders');
  step.update('1 of 9');
  pass(10_000);
  step.update('5 of 9');
  step.update('6 of 9');
  pass(500);
  step.done('9 matched');
  expect(written.map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
    '… orders 10.0 s 5 of 9\n',
    '✓ orders 10.5 s 9 matched\n',
  ]);
});

test('on a terminal running steps are redrawn below what has ended', () => {
  const { screen, written, pass } = stage(true);
  const first = screen.step('first');
  screen.step('second');
  pass(1000);
  first.fail('no answer');
  const last = written.at(-1) ?? '';
  expect(last.startsWith('\x1b[2A\x1b[J✗ first')).toBe(true);
  expect(last.split('\n').map((line) => line.slice(0, 12))).toEqual([
    expect.stringContaining('✗ f'),
    expect.stringContaining('… second'),
    '',
  ]);
});

test('a step ends once, and its time goes to the table with its share', () => {
  const { screen, pass } = stage(false);
  const step = screen.step('cluster');
  pass(3000);
  step.done('up');
  step.fail('never mind');
  expect(screen.timings).toEqual([{ title: 'cluster', startMs: 0, endMs: 3000 }]);
  expect(timingTable(screen.timings, 12_000).map((line) => line.trim().replaceAll(/ +/g, ' '))).toEqual([
    'cluster 3.0 s 25 %',
    'in all 12.0 s 100 %',
  ]);
});

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../operator/runtime/clock.ts';
import { createProgress, lineOutput } from './progress.ts';
import { runSteps, type Step, stepDigests, stepsToDo } from './steps.ts';

let folder = '';
let log: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'steps-'));
  log = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const output = (name: string): string => join(folder, name);

function step(name: string, overrides: Partial<Step> = {}): Step {
  return {
    name,
    version: '1',
    inputs: [],
    after: [],
    outputs: [output(name)],
    lane: 'fetch',
    run: async () => {
      log.push(name);
      writeFileSync(output(name), '');
    },
    ...overrides,
  };
}

async function run(steps: readonly Step[], signal = new AbortController().signal): Promise<string[]> {
  log = [];
  const progress = createProgress(
    systemClock,
    lineOutput(() => {}),
  );
  await runSteps(systemClock, steps, { stamps: output('stamps'), logs: output('logs'), progress, signal });
  return log;
}

test('a step runs once, and again when its version, an input or a lost output asks for it', async () => {
  expect(await run([step('a')])).toEqual(['a']);
  expect(await run([step('a')])).toEqual([]);
  expect(await run([step('a', { version: '2' })])).toEqual(['a']);
  expect(await run([step('a', { version: '2', inputs: ['x'] })])).toEqual(['a']);
  rmSync(output('a'));
  expect(await run([step('a', { version: '2', inputs: ['x'] })])).toEqual(['a']);
});

test('a step whose result is no file runs again when that is gone, or cannot be asked for', async () => {
  expect(await run([step('a', { present: async () => true })])).toEqual(['a']);
  expect(await run([step('a', { present: async () => true })])).toEqual([]);
  expect(await run([step('a', { present: async () => false })])).toEqual(['a']);
  expect(await run([step('a', { present: () => Promise.reject(new Error('engine is down')) })])).toEqual(['a']);
});

test('a change reaches every step behind it and no other', async () => {
  const chain = (version: string): Step[] => [
    step('a', { version }),
    step('b', { after: ['a'] }),
    step('c', { after: ['b'] }),
    step('other'),
  ];
  await run(chain('1'));
  expect(await stepsToDo(chain('1'), output('stamps'))).toEqual([]);
  expect((await stepsToDo(chain('2'), output('stamps'))).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  expect(await run(chain('2'))).toEqual(['a', 'b', 'c']);
});

test('a step that fails leaves no stamp: it runs again, and what it stopped runs too', async () => {
  const fails = step('a', { run: () => Promise.reject(new Error('no space left')) });
  const behind = step('b', { after: ['a'] });
  await expect(run([fails, behind])).rejects.toThrow('no space left');
  expect(log).toEqual([]);
  expect(await run([step('a'), behind])).toEqual(['a', 'b']);
});

test('one lane works on one step at a time, two lanes work side by side', async () => {
  let compiling = 0;
  let most = 0;
  const met: { resolve?: () => void } = {};
  const meeting = new Promise<void>((resolve) => {
    met.resolve = resolve;
  });
  const compile = (name: string): Step =>
    step(name, {
      lane: 'compile',
      outputs: [],
      run: async () => {
        compiling += 1;
        most = Math.max(most, compiling);
        await meeting;
        compiling -= 1;
      },
    });
  // Were the lanes one queue, the compiling step would wait for this one for ever.
  const fetch = step('fetch', { outputs: [], run: async () => met.resolve?.() });
  await run([compile('x'), compile('y'), fetch]);
  expect(most).toBe(1);
});

test('after an interrupt nothing new begins', async () => {
  const stop = new AbortController();
  const first = step('a', {
    run: async () => {
      stop.abort();
      throw stop.signal.reason;
    },
  });
  await expect(run([first, step('b')], stop.signal)).rejects.toThrow();
  expect(existsSync(output('b'))).toBe(false);
});

test('a step before the one it needs is a mistake in the list', () => {
  expect(() => stepDigests([step('b', { after: ['a'] }), step('a')])).toThrow('step b comes before a');
});

import { execFile } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { guardStrayRejections, reportingStrays } from './stray-rejections.ts';

const file = JSON.stringify(join(import.meta.dirname, 'stray-rejections.ts'));

/** What a process of its own prints and how it ends: a test runner has listeners of its own for what is tested here. */
function run(code: string): Promise<{ exit: number; out: string }> {
  const source = `import { guardStrayRejections, reportingStrays } from ${file};\n${code}`;
  return new Promise((resolve) => {
    execFile(process.execPath, ['--input-type=module', '--eval', source], (error, out) => {
      resolve({ exit: error === null ? 0 : Number(error.code), out });
    });
  });
}

test('a rejection that nobody awaits is reported to whose work it was, and the process goes on', async () => {
  const { exit, out } = await run(`
    guardStrayRejections();
    const fail = async (what) => { await null; throw new Error(what); };
    const key = (name) => reportingStrays((error) => console.log(name, error.message), () => {
      setTimeout(() => void fail('late'), 5);
      void fail('soon');
    });
    key('a');
    key('b');
  `);
  expect(out.trim().split('\n').sort()).toEqual(['a late', 'a soon', 'b late', 'b soon']);
  expect(exit).toBe(0);
});

test('a rejection of anything else ends the process as ever', async () => {
  const { exit, out } = await run(`
    guardStrayRejections();
    setTimeout(() => console.log('still here'), 100);
    void Promise.reject(new Error('a bug elsewhere'));
  `);
  expect(out).toBe('');
  expect(exit).not.toBe(0);
});

test('the listeners of the application are left alone, and nothing is left when the guard is down', () => {
  const events = new EventEmitter();
  const seen: unknown[] = [];
  const unguard = guardStrayRejections(events as unknown as NodeJS.Process);
  const unguardSecond = guardStrayRejections(events as unknown as NodeJS.Process);
  expect(events.listenerCount('unhandledRejection')).toBe(1);
  expect(() => events.emit('unhandledRejection', new Error('x'))).toThrow('x');
  events.on('unhandledRejection', (reason) => seen.push(reason));
  events.emit('unhandledRejection', 'theirs');
  reportingStrays(
    (reason) => seen.push(`reported ${reason}`),
    () => {
      events.emit('unhandledRejection', 'ours');
    },
  );
  expect(seen).toEqual(['theirs', 'reported ours', 'ours']);
  unguard();
  expect(events.listenerCount('unhandledRejection')).toBe(2);
  unguardSecond();
  expect(events.listenerCount('unhandledRejection')).toBe(1);
});

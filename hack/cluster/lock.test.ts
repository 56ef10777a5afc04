import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../operator/runtime/clock.ts';
import { isStale, takeLock } from './lock.ts';
import { processStart } from './process.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const options = (waitMs = 0, lines: string[] = []) => ({
  path: join(folder, 'lock'),
  doing: 'testing',
  waitMs,
  report: (line: string) => lines.push(line),
});

test('a lock is stale when its process is gone, when the number has a new owner, and when it cannot be read', () => {
  const content = JSON.stringify({ pid: 7, start: '100', doing: 'x' });
  expect(isStale(content, () => '100')).toBe(false);
  expect(isStale(content, () => undefined)).toBe(true);
  expect(isStale(content, () => '200')).toBe(true);
  expect(isStale('{"pid":', () => '100')).toBe(true);
});

test('a process has a start time while it lives', () => {
  expect(processStart(process.pid)).toMatch(/^\d+$/);
  const { pid } = spawnSync('true');
  expect(processStart(pid)).toBeUndefined();
});

test('the second run is told who holds the lock, and is refused when waiting was in vain', async () => {
  const release = await takeLock(systemClock, options());
  await expect(takeLock(systemClock, options())).rejects.toThrow(`process ${process.pid} (testing)`);
  await release();
  expect(existsSync(join(folder, 'lock'))).toBe(false);
});

test('the second run goes on when the first has ended', async () => {
  const lines: string[] = [];
  const release = await takeLock(systemClock, options());
  const second = takeLock(systemClock, options(10_000, lines));
  systemClock.setTimer(50, () => void release());
  const releaseSecond = await second;
  expect(lines).toEqual([`waiting for process ${process.pid} (testing)`]);
  await releaseSecond();
});

test.each([
  ['of a process that is gone', JSON.stringify({ pid: 2 ** 22 + 1, start: '1', doing: 'x' })],
  ['cut short by a crash', '{"pid":12'],
  ['that is empty', ''],
])('a lock %s is taken over', async (_, content) => {
  writeFileSync(join(folder, 'lock'), content);
  const release = await takeLock(systemClock, options());
  expect(readFileSync(join(folder, 'lock'), 'utf8')).toContain(`"pid":${process.pid}`);
  await release();
});

import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Clock, pause } from '../../operator/runtime/clock.ts';
import { ClusterError } from './errors.ts';
import { processStart } from './process.ts';

/** Who holds the lock. The start time tells a process from a later one that got the same id. */
export interface Owner {
  readonly pid: number;
  /** Clock ticks between boot and the start of the process. */
  readonly start: string;
  readonly doing: string;
}

/** True when the process that took the lock is gone. A lock that cannot be read was cut short by a crash: stale too. */
export function isStale(content: string, startOf: (pid: number) => string | undefined): boolean {
  const owner = parseOwner(content);
  return owner === undefined || startOf(owner.pid) !== owner.start;
}

function parseOwner(content: string): Owner | undefined {
  try {
    return JSON.parse(content) as Owner;
  } catch {
    return undefined;
  }
}

export interface LockOptions {
  readonly path: string;
  readonly doing: string;
  /** How long to wait for another run, in milliseconds. */
  readonly waitMs: number;
  readonly report: (line: string) => void;
}

/**
 * Takes the lock, waiting for another run to end, and returns its release. A lock whose owner is gone is taken over.
 * Rejects with SLUICE_CLUSTER_BUSY when the other run is still at work after `waitMs`.
 */
export async function takeLock(
  clock: Clock,
  { path, doing, waitMs, report }: LockOptions,
): Promise<() => Promise<void>> {
  const mine = JSON.stringify({ pid: process.pid, start: processStart(process.pid) ?? '', doing } satisfies Owner);
  const deadline = clock.monotonic() + waitMs;
  await mkdir(dirname(path), { recursive: true });
  for (let said = false; ; ) {
    if (await create(path, mine)) return () => release(path, mine);
    const content = await readFile(path, 'utf8').catch(() => '');
    // An empty lock may be one that is being written this moment: give it a second look.
    if (content === '') await pause(clock, 50);
    const again = await readFile(path, 'utf8').catch(() => undefined);
    if (again === content && isStale(content, processStart)) {
      await removeStale(path, content);
      continue;
    }
    const owner = parseOwner(content);
    const who = owner ? `process ${owner.pid} (${owner.doing})` : 'another run';
    if (clock.monotonic() >= deadline) {
      throw new ClusterError(
        'SLUICE_CLUSTER_BUSY',
        `${who} has been at work on the cluster for a long time: wait for it or end it`,
      );
    }
    if (!said) report(`waiting for ${who}`);
    said = true;
    await pause(clock, 200);
  }
}

/** Removes a stale lock, but not one that another waiting run has put in its place meanwhile. */
async function removeStale(path: string, content: string): Promise<void> {
  const aside = `${path}.${process.pid}.stale`;
  try {
    await rename(path, aside);
    if ((await readFile(aside, 'utf8')) !== content) await link(aside, path);
    await rm(aside);
  } catch (error) {
    // Another run was faster: it has removed the stale lock, or has put its own in the place.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  }
}

async function create(path: string, content: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(content);
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function release(path: string, mine: string): Promise<void> {
  const content = await readFile(path, 'utf8').catch(() => undefined);
  if (content === mine) await rm(path, { force: true });
}

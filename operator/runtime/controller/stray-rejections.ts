import { AsyncLocalStorage } from 'node:async_hooks';

type Report = (reason: unknown) => void;

const reports = new AsyncLocalStorage<Report>();

/** Runs `fn`; a rejection that nobody handles of anything that `fn` began, then or later, goes to `report`. */
export function reportingStrays<T>(report: Report, fn: () => T): T {
  return reports.run(report, fn);
}

interface Guard {
  readonly listener: (reason: unknown) => void;
  users: number;
}

/** One guard per process, however many managers run in it. */
const guards = new WeakMap<object, Guard>();

/**
 * A promise that a reconcile forgot to await ends the process of Node when it is rejected, and with it the work for all
 * other keys. While this guard is up, such a rejection costs its own key only. Others go the usual way: to the listeners
 * of the application, or, when there are none, to the end of the process. Returns how to take the guard down; it is down
 * when all who put it up have done so.
 */
export function guardStrayRejections(
  process: Pick<NodeJS.Process, 'on' | 'off' | 'listenerCount'> = globalThis.process,
): () => void {
  const guard = guards.get(process) ?? newGuard(process);
  guards.set(process, guard);
  if (guard.users++ === 0) process.on('unhandledRejection', guard.listener);
  return () => {
    if (--guard.users === 0) process.off('unhandledRejection', guard.listener);
  };
}

function newGuard(process: Pick<NodeJS.Process, 'listenerCount'>): Guard {
  const listener = (reason: unknown): void => {
    const report = reports.getStore();
    if (report !== undefined) report(reason);
    else if (process.listenerCount('unhandledRejection') === 1) throw reason;
  };
  return { listener, users: 0 };
}

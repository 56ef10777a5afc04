import { AsyncLocalStorage } from 'node:async_hooks';

type Report = (reason: unknown) => void;

const reports = new AsyncLocalStorage<Report>();

/** Runs `fn`; a rejection that nobody handles of anything that `fn` began, then or later, goes to `report`. */
export function reportingStrays<T>(report: Report, fn: () => T): T {
  return reports.run(report, fn);
}

/**
 * A promise that a reconcile forgot to await ends the process of Node when it is rejected, and with it the work for all
 * other keys. While this guard is up, such a rejection costs its own key only. Others go the usual way: to the listeners
 * of the application, or, when there are none, to the end of the process. Returns how to take the guard down.
 */
export function guardStrayRejections(
  process: Pick<NodeJS.Process, 'on' | 'off' | 'listenerCount'> = globalThis.process,
): () => void {
  const listener = (reason: unknown): void => {
    const report = reports.getStore();
    if (report !== undefined) report(reason);
    else if (process.listenerCount('unhandledRejection') === 1) throw reason;
  };
  process.on('unhandledRejection', listener);
  return () => void process.off('unhandledRejection', listener);
}

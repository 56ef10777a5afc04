/**
 * A signal that aborts on the first SIGTERM or SIGINT, for an orderly stop. The second one ends the process at once with
 * status 1. Call it once per process.
 */
export function terminationSignal(onStop: (signal: NodeJS.Signals) => void = () => {}): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(1);
      onStop(name);
      stop.abort();
    });
  }
  return stop.signal;
}

import type { Clock } from '@sluice/runtime/clock';
import type { Exchange } from './exchange/exchange.ts';
import type { Sequencer } from './exchange/sequencer.ts';

const SWEEP_MS = 500;

/** Asks twice a second whether an order expires, and has those cancelled that do. Returns what stops it. */
export function sweepExpired(clock: Clock, exchange: Exchange, sequencer: Sequencer): () => void {
  let cancel: (() => void) | undefined;
  let stopped = false;
  const wait = (): void => {
    if (!stopped) cancel = clock.setTimer(SWEEP_MS, look);
  };
  const look = (): void => {
    const timeMs = clock.now();
    if (exchange.orders.nextExpiryMs > timeMs) wait();
    // A sweep that is not taken (a full disk) leaves the orders as they are, and the next look tries again.
    else sequencer.submit({ kind: 'expire', timeMs }).then(wait, wait);
  };
  wait();
  return () => {
    stopped = true;
    cancel?.();
  };
}

import type { Logger } from '@sluice/runtime/telemetry';
import type { Health } from './health.ts';

export interface ShutdownStep {
  readonly name: string;
  readonly run: () => void | Promise<void>;
}

export interface ShutdownOptions {
  readonly log: Logger;
  readonly health: Health;
  /** Done one after the other: stop accepting, drain, hand over, close. A failing step does not stop the next ones. */
  readonly steps: readonly ShutdownStep[];
  /** Wait in ms between "not ready" and the first step, in which balancers notice. 0 without a balancer. */
  readonly lameDuckMs?: number;
  /** Longest time in ms for all of it. Default 25 s: within the 30 s that Kubernetes grants by default. */
  readonly deadlineMs?: number;
}

export interface Shutdown {
  /** Starts the stop; later calls share the first one's promise. Resolves to the exit code. */
  stop(reason: string): Promise<number>;
}

/** The order of a graceful stop. `installShutdown` ties it to signals; tests call `stop`. */
export function createShutdown(options: ShutdownOptions): Shutdown {
  const { log, health, steps, lameDuckMs = 0, deadlineMs = 25_000 } = options;
  let stopping: Promise<number> | undefined;

  async function run(reason: string): Promise<number> {
    log.info({ reason }, 'stopping');
    health.drain();
    if (lameDuckMs > 0) await new Promise((resolve) => setTimeout(resolve, lameDuckMs));
    let code = 0;
    for (const { name, run: step } of steps) {
      try {
        await step();
      } catch (error) {
        code = 1;
        log.error({ err: error, step: name }, 'a step of the stop failed');
      }
    }
    log.info({ code }, 'stopped');
    return code;
  }

  function late(): Promise<number> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        log.error({ deadlineMs }, 'the stop did not finish in time');
        resolve(1);
      }, deadlineMs);
      timer.unref();
    });
  }

  return {
    stop: (reason) => {
      stopping ??= Promise.race([run(reason), late()]);
      return stopping;
    },
  };
}

/** Stops on SIGTERM and SIGINT and exits with the code of the stop; a second signal exits at once. */
export function installShutdown(options: ShutdownOptions): Shutdown {
  const shutdown = createShutdown(options);
  let signals = 0;
  const onSignal = (signal: string): void => {
    signals += 1;
    if (signals > 1) process.exit(1);
    void shutdown.stop(signal).then((code) => process.exit(code));
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return shutdown;
}

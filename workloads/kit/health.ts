/** Returns what is wrong as a short phrase, or undefined when all is well. Must not throw, must not wait. */
export type HealthCheck = () => string | undefined;

export interface HealthReport {
  readonly ok: boolean;
  /** Check name to 'ok' or to what is wrong. */
  readonly checks: Readonly<Record<string, string>>;
}

/** Named checks behind /healthz and /readyz. Liveness asks "would a restart help?", readiness "send me requests?". */
export interface Health {
  addLiveness(name: string, check: HealthCheck): void;
  addReadiness(name: string, check: HealthCheck): void;
  /** From now on not ready, whatever the checks say: the first step of a graceful stop. */
  drain(): void;
  readonly draining: boolean;
  live(): HealthReport;
  ready(): HealthReport;
}

export function createHealth(): Health {
  const liveness = new Map<string, HealthCheck>();
  const readiness = new Map<string, HealthCheck>();
  let draining = false;
  readiness.set('shutdown', () => (draining ? 'shutting down' : undefined));
  return {
    addLiveness: (name, check) => void liveness.set(name, check),
    addReadiness: (name, check) => void readiness.set(name, check),
    drain: () => {
      draining = true;
    },
    get draining() {
      return draining;
    },
    live: () => report(liveness),
    ready: () => report(readiness),
  };
}

function report(checks: ReadonlyMap<string, HealthCheck>): HealthReport {
  let ok = true;
  const results: Record<string, string> = {};
  for (const [name, check] of checks) {
    const wrong = check();
    results[name] = wrong ?? 'ok';
    if (wrong !== undefined) ok = false;
  }
  return { ok, checks: results };
}

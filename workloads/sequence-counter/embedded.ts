import { randomBytes, randomUUID } from 'node:crypto';
import { type AuthConfig, installShutdown, UsageError } from '@sluice/kit';
import { systemClock } from '@sluice/runtime/clock';
import { createLogger } from '@sluice/runtime/telemetry';
import { Allocator } from './core/allocator.ts';
import type { CounterConfig } from './core/record.ts';
import { createCounterService } from './counter-service.ts';
import { openFileLedger } from './ledger/file-ledger.ts';

export interface EmbeddedOptions {
  readonly version: string;
  readonly folder: string;
  /** Names of the counters. */
  readonly counter: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly adminPort?: number;
  readonly auth: AuthConfig | undefined;
  readonly logLevel?: string;
}

/** Reservations of the file ledger cost an fsync each: some tens per second at most. */
const pool = { horizonSeconds: 10, smallestBlock: 100, largestBlock: 100_000 };

/**
 * One process with a ledger in a file. Only one process can have the file, so the blocks of all processes that ever ran
 * ascend, and with them the numbers: this is as strict as `Strict`, without a lease.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<void> {
  const { version, folder, host, port, adminPort, auth } = options;
  const log = createLogger('sequence-counter', options.logLevel ?? 'warn');
  const counters = options.counter.map(parseCounter);
  const allocator = new Allocator({
    ordering: 'Unique',
    identity: { pod: 'embedded', podUid: randomUUID(), processNonce: randomBytes(4).toString('hex') },
    counters,
    leaseMs: 0,
    pool,
    newNonce: randomUUID,
  });
  const ledger = openFileLedger(folder, counters);
  const service = createCounterService({
    version,
    clock: systemClock,
    log,
    counters,
    allocator,
    ledger,
    storeTimeoutMs: 5_000,
    auth,
  });
  const address = await service.listen(port, host);
  const admin = adminPort === undefined ? undefined : await service.listenAdmin(adminPort, host);
  installShutdown({ log, health: service.health, steps: service.stopSteps(0) });
  const tokens =
    auth === undefined
      ? 'none is asked: whoever reaches this address may take numbers (--auth-issuer asks for them)'
      : `of ${auth.jwt.issuer} for ${auth.jwt.audience}`;
  process.stdout.write(`sluice-counter ${version}
  numbers   curl -X POST ${address}/v1/next
  API       ${address}/openapi.json
  ledger    ${folder}/ledger.sqlite; counters: ${counters.map(({ name }) => name).join(', ')}
  tokens    ${tokens}
${admin === undefined ? '' : `  metrics   http://${host}:${admin}/metrics\n`}`);
}

function parseCounter(name: string): CounterConfig {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) {
    throw new UsageError(
      `--counter ${name} must be 1 to 63 lower-case letters, digits and "-", starting and ending with a letter or digit`,
    );
  }
  return { name, start: 1n, step: 1n };
}

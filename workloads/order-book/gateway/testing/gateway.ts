import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuthConfig } from '@sluice/kit';
import { type Clock, systemClock } from '@sluice/runtime/clock';
import { createLogger } from '@sluice/runtime/telemetry';
import { type BookService, type BookServiceOptions, startBook } from '../../book-service.ts';
import type { Disk } from '../../journal/disk.ts';
import type { AccountLimits, BookConfig } from '../../symbols.ts';
import { type ApiDescription, createApiContract, type SeenAnswer } from './api-contract.ts';

export const symbols = [
  { name: 'BTC-EUR', tickSize: '0.01', lotSize: '0.0001' },
  { name: 'BIG', tickSize: '1', lotSize: '1' },
];
export const good = { symbol: 'BTC-EUR', side: 'buy', price: '100.00', quantity: '0.5' };
export const as = (account: string): Record<string, string> => ({ 'sluice-account': account });

export interface Overrides {
  readonly limits?: Partial<AccountLimits>;
  readonly maxOpenOrders?: number;
  readonly maxPending?: number;
  readonly auth?: AuthConfig;
  readonly directory?: string;
  readonly disk?: Disk;
  readonly clock?: Clock;
  readonly symbols?: typeof symbols;
  readonly risk?: BookConfig['risk'];
  readonly accounts?: BookConfig['accounts'];
  readonly publish?: BookServiceOptions['publish'];
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the service answers; the tests look into it freely.
  readonly body: any;
}

/** One book at a time behind its HTTP door; every answer that a test gets is held against the API description. */
export class Gateway {
  readonly folder = mkdtempSync(join(tmpdir(), 'sluice-gateway-'));
  private started:
    | { readonly service: BookService; readonly check: (seen: SeenAnswer) => string | undefined }
    | undefined;

  get service(): BookService {
    if (this.started === undefined) throw new Error('no book was started');
    return this.started.service;
  }

  async start(overrides: Overrides = {}): Promise<void> {
    const limits = { maxOrdersPerAccount: 10_000, ordersPerSecondPerAccount: 1_000_000, ...overrides.limits };
    const service = await startBook({
      version: 'test',
      clock: overrides.clock ?? systemClock,
      log: createLogger('test', 'silent'),
      config: {
        symbols: overrides.symbols ?? symbols,
        limits,
        risk: overrides.risk ?? [],
        accounts: overrides.accounts ?? new Map(),
      },
      store: {
        directory: overrides.directory ?? mkdtempSync(join(this.folder, 'data-')),
        ...(overrides.disk !== undefined && { disk: overrides.disk }),
      },
      host: '127.0.0.1',
      port: 0,
      maxPending: overrides.maxPending ?? 1_000,
      maxOpenOrders: overrides.maxOpenOrders ?? 10_000,
      auth: overrides.auth,
      publish: overrides.publish,
    });
    const description = (await (await fetch(`${service.address}/openapi.json`)).json()) as ApiDescription;
    this.started = { service, check: createApiContract(description) };
  }

  async stop(): Promise<void> {
    for (const step of this.service.stopSteps) await step.run();
  }

  /** Runs `body` against a book of its own. */
  async with(overrides: Overrides, body: () => Promise<void>): Promise<void> {
    const before = this.started;
    await this.start(overrides);
    try {
      await body();
    } finally {
      await this.stop();
      this.started = before;
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  readonly call = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> => {
    const raw = typeof body === 'string' || Buffer.isBuffer(body);
    const response = await fetch(`${this.service.address}${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: raw ? body : JSON.stringify(body) }),
    });
    const reply = { status: response.status, headers: response.headers, body: await response.json() };
    const wrong = path.startsWith('/v') ? this.started?.check({ method, path, ...reply }) : undefined;
    if (wrong !== undefined) throw new Error(`the API description does not fit the answer: ${wrong}`);
    return reply;
  };
}

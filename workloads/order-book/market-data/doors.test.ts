import { EventEmitter } from 'node:events';
import { CodedError, serviceErrors, type TokenVerifier } from '@sluice/kit';
import { createMetrics, createRegistry } from '@sluice/runtime/telemetry';
import { VirtualClock } from '@sluice/runtime/testing';
import { expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { CONNECTION_LIMITS } from './connection.ts';
import { Doors } from './doors.ts';
import { streamMetrics } from './metrics.ts';

class Socket extends EventEmitter {
  readonly bufferedAmount = 0;
  closed: string | undefined;

  /** Its client is there. */
  ping(): void {
    this.emit('pong');
  }

  send(): void {}

  close(code: number, reason: string): void {
    this.closed ??= `${code} ${reason}`;
  }

  terminate(): void {}
}

/** Doors with one connection that was let in by the token `one`. */
function open(verify: TokenVerifier['verify']): { clock: VirtualClock; socket: Socket; ended: () => Promise<string> } {
  const clock = new VirtualClock();
  const registry = createRegistry();
  const auth = { verify, close: () => undefined };
  const doors = new Doors({ clock, limits: CONNECTION_LIMITS, metrics: createMetrics(streamMetrics, registry), auth });
  const socket = new Socket();
  doors.open('coinbase', socket as unknown as WebSocket, 'Bearer one', () => ({
    message: () => undefined,
    end: () => undefined,
  }));
  return { clock, socket, ended: () => registry.metrics() };
}

test('a connection ends with the token that it was let in with', async () => {
  const asked: (string | undefined)[] = [];
  let isGood = true;
  const { clock, socket, ended } = open(async (authorization) => {
    asked.push(authorization);
    if (isGood) return { subject: 'a', scopes: new Set() };
    throw new CodedError(serviceErrors.unauthenticated, 'The token has expired.');
  });
  await clock.advance(60_000);
  expect([asked, socket.closed]).toEqual([['Bearer one', 'Bearer one', 'Bearer one'], undefined]);
  isGood = false;
  await clock.advance(20_000);
  expect(socket.closed).toMatch(/^1008 SLUICE_UNAUTHENTICATED/);
  expect(await ended()).toContain('shape="coinbase",reason="unauthenticated"} 1');
});

test('an issuer that cannot be reached ends no connection', async () => {
  const { clock, socket } = open(async () => {
    throw new CodedError(serviceErrors.keysUnavailable, 'The keys could not be read.');
  });
  await clock.advance(60_000);
  expect(socket.closed).toBeUndefined();
});

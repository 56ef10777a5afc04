import { readFileSync } from 'node:fs';
import type { OrderBook, OrderBookSpec } from '@sluice/api';
import { createCommand } from '@sluice/kit';
import { afterEach, expect, it, vi } from 'vitest';
import {
  addPublishOptions,
  type PublishFlags,
  publishFromOptions,
} from '../../../workloads/order-book/publisher/flags.ts';
import { parseSymbols } from '../../../workloads/order-book/symbols.ts';
import { maximalOrderBook } from '../../api/testing/maximal-specs.ts';
import { configText, environment } from './settings.ts';

// What the operator writes, read by the program's own parsers.

const spec = maximalOrderBook as unknown as OrderBookSpec;
const book: OrderBook = { apiVersion: '', kind: 'OrderBook', metadata: { name: 'spot' }, spec };

afterEach(() => vi.unstubAllEnvs());

it('the program takes the largest file', () => {
  const { symbols, accounts, limits } = parseSymbols(configText(book));
  expect(symbols).toHaveLength(256);
  expect(accounts?.size).toBe(1_000);
  expect(limits).toEqual({ maxOrdersPerAccount: 1_000_000, ordersPerSecondPerAccount: 1_000_000 });
});

it('the program takes where to publish', () => {
  for (const { name, value } of environment(book)) vi.stubEnv(name, value);
  const command = addPublishOptions(createCommand('test', '', '1'));
  const publish = publishFromOptions(command.parse([], { from: 'user' }).opts<PublishFlags>());
  expect(publish).toMatchObject({
    target: {
      url: maximalOrderBook.publish.addresses.join(','),
      subject: 'trades.spot',
      credentialsFile: '/etc/sluice-broker/credentials',
      caFile: '/etc/sluice-broker/ca.crt',
      replicas: 5,
      maxBytes: 900 * 2 ** 30,
    },
    maxOutboxBytes: 900 * 2 ** 30,
    keepBytes: 64 * 2 ** 20,
  });
});

it('every variable is one that the program reads', () => {
  const sources = ['main.ts', 'publisher/flags.ts'].map((file) =>
    readFileSync(new URL(`../../../workloads/order-book/${file}`, import.meta.url), 'utf8'),
  );
  const unread = environment(book).filter(({ name }) => !sources.some((text) => text.includes(`'${name}'`)));
  expect(unread).toEqual([]);
  expect(environment(book).length).toBeGreaterThanOrEqual(10);
});

import { createLogger } from '@sluice/runtime/telemetry';
import { VirtualClock } from '@sluice/runtime/testing';
import { expect, test } from 'vitest';
import { Exchange } from '../../exchange/exchange.ts';
import { listing } from '../../exchange/testing/command-flow.ts';
import { CONNECTION_LIMITS, Connection } from '../connection.ts';
import { Hub } from '../hub.ts';
import { CoinbaseChannels } from './channels.ts';
import { CoinbaseSession } from './session.ts';

/** A session that may follow four channels of products, and what it was answered. */
function open(): { session: CoinbaseSession; answers: { type: string; reason?: string; channels?: object[] }[] } {
  const exchange = new Exchange();
  for (const command of listing) exchange.apply(command, 1);
  const answers: { type: string }[] = [];
  const connection = new Connection({
    clock: new VirtualClock(),
    limits: CONNECTION_LIMITS,
    socket: {
      bufferedAmount: 0,
      send: (data) => void answers.push(JSON.parse(String(data))),
      close: () => undefined,
      terminate: () => undefined,
      ping: () => undefined,
    },
    onSend: () => undefined,
    onEnd: () => undefined,
  });
  const hub = new Hub(new VirtualClock(), createLogger('test', 'silent'), exchange);
  const channels = new CoinbaseChannels(hub, exchange, 1);
  return { session: new CoinbaseSession(channels, exchange, connection, 4), answers };
}

test('a message whose lists multiply is refused before they do', () => {
  const { session, answers } = open();
  const channels = Array.from({ length: 900 }, () => 'full');
  const product_ids = Array.from({ length: 900 }, () => 'BTC-EUR');
  for (const type of ['subscribe', 'unsubscribe']) {
    session.message(JSON.stringify({ type, channels, product_ids }));
    expect(answers.splice(0)).toEqual([
      { type: 'error', message: `Failed to ${type}`, reason: expect.stringContaining('at most 4 ') },
    ]);
  }
});

test('what is named twice is followed once', () => {
  const { session, answers } = open();
  session.message('{"type":"subscribe","channels":["full","full"],"product_ids":["BTC-EUR","BTC-EUR"]}');
  expect(answers).toEqual([{ type: 'subscriptions', channels: [{ name: 'full', product_ids: ['BTC-EUR'] }] }]);
});

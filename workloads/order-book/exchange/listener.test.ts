import { expect, it } from 'vitest';
import type { Command, PhaseName } from './command.ts';
import { Exchange } from './exchange.ts';
import { listing, place } from './testing/command-flow.ts';

const extra = { stopPrice: 0, displayQuantity: 0, selfTrade: 'allow', expiresMs: 0, linkedTo: 0 } as const;

function heard(tape: readonly Command[]): string[] {
  const exchange = new Exchange();
  for (const command of listing) exchange.apply(command, 1);
  const notes: string[] = [];
  exchange.listeners.push({
    order: ({ id, status, filled, quantity, price }, change) =>
      notes.push(`${change} ${id} ${status} ${filled}/${quantity}@${price}`),
    trade: (_market, { sequence, quantity, price, makerId, takerId }) =>
      notes.push(`trade ${sequence} ${quantity}@${price} ${makerId}<${takerId}`),
    level: ({ book }, side, price) => notes.push(`level ${side} ${price}: ${book.volumeAt(side, price)}`),
    market: ({ config, book }) => notes.push(`market ${config.name} ${book.phase}`),
  });
  for (const command of tape) {
    notes.push('-');
    exchange.apply(command, 1);
  }
  return notes
    .join('\n')
    .split('\n-')
    .map((block) => block.replaceAll('\n', ', ').replace(/^(-, |, |-$)/, ''));
}

it('an order that rests, is hit, is replaced and is cancelled', () => {
  expect(
    heard([
      place({ quantity: 5 }),
      place({ side: 1, price: 99, quantity: 7 }),
      { kind: 'replace', timeMs: 1, account: 'a', orderId: 4, price: 98, quantity: 8 },
      { kind: 'cancel', timeMs: 1, account: 'a', orderId: 4 },
      place({ postOnly: true }),
      place({ side: 1, postOnly: true }),
    ]),
  ).toEqual([
    'accepted 3 open 0/5@100, rested 3 open 0/5@100, level 0 100: 5',
    'accepted 4 open 0/7@99, trade 1 5@100 3<4, traded 3 filled 5/5@100, level 0 100: 0, traded 4 open 5/7@99, level 1 99: 2, rested 4 open 5/7@99, level 1 99: 2',
    'level 1 99: 0, replaced 4 open 5/8@98, level 1 98: 3, rested 4 open 5/8@98, level 1 98: 3',
    'cancelled 4 cancelled 5/8@98, level 1 98: 0',
    'accepted 7 open 0/5@100, rested 7 open 0/5@100, level 0 100: 5',
    'rejected 8 rejected 0/5@100',
  ]);
});

it('a stop that is triggered, and what a call collected', () => {
  const phase = (name: PhaseName): Command => ({ kind: 'phase', timeMs: 1, symbol: 'BTC-EUR', phase: name });
  expect(
    heard([
      place({ side: 1, price: 101, quantity: 1 }),
      place({ price: 101, quantity: 1, account: 'b' }),
      place({ extra: { ...extra, stopPrice: 103 }, price: 104, quantity: 2 }),
      place({ side: 1, price: 103, quantity: 2 }),
      place({ price: 103, quantity: 1, account: 'b' }),
      phase('call'),
      place({ price: 102, quantity: 4 }),
      place({ side: 1, price: 102, quantity: 1 }),
      phase('continuous'),
    ]),
  ).toEqual([
    'accepted 3 open 0/1@101, rested 3 open 0/1@101, level 1 101: 1',
    'accepted 4 open 0/1@101, trade 1 1@101 3<4, traded 3 filled 1/1@101, level 1 101: 0, traded 4 filled 1/1@101, level 0 101: 0',
    'accepted 5 open 0/2@104',
    'accepted 6 open 0/2@103, rested 6 open 0/2@103, level 1 103: 2',
    [
      'accepted 7 open 0/1@103, trade 2 1@103 6<7, traded 6 open 1/2@103, level 1 103: 0, traded 7 filled 1/1@103, level 0 103: 0',
      'triggered 5 open 0/2@104, level 0 104: 1, trade 3 1@103 6<5, traded 6 filled 2/2@103, level 1 103: 0',
      'traded 5 open 1/2@104, level 0 104: 1, rested 5 open 1/2@104, level 0 104: 1',
    ].join(', '),
    'market BTC-EUR 2',
    'accepted 9 open 0/4@102',
    'accepted 10 open 0/1@102',
    'trade 4 1@104 5<10, traded 5 filled 2/2@104, level 0 104: 0, traded 10 filled 1/1@102, level 1 102: 0, market BTC-EUR 0, rested 9 open 0/4@102, level 0 102: 4',
  ]);
});

import type { Command } from '../command.ts';
import type { Exchange } from '../exchange.ts';
import { NO_ORDER, REFUSALS, RESULT_BYTES, RecordKind, STATUSES } from '../record.ts';
import { listing, place } from './command-flow.ts';
import type { Program } from './durability.ts';
import { type RecordFields, recordBytes } from './record-bytes.ts';

const cancel = (account: number, id: number): RecordFields => {
  return { kind: RecordKind.cancelByClientId, account, id, price: 0, quantity: 0 };
};

/** What must hold for command records; a seeded bug must make it throw. */
export function checkRecords(program: Program): void {
  const exchange = started(program, []);
  same(
    answers(exchange, [
      { id: 7 },
      { account: 2, terms: { side: 1 }, price: 99, quantity: 7 },
      { id: 7 },
      { id: 7, price: 101 },
      { kind: RecordKind.replace, account: 2, id: 6, price: 98, quantity: 8 },
      cancel(1, 7),
      { kind: RecordKind.cancel, id: 6, price: 0, quantity: 0 },
      { kind: RecordKind.cancel, account: 2, id: 6, price: 0, quantity: 0 },
      { account: 3 },
      { price: 0 },
      { quantity: 0 },
    ]),
    [
      'done open 0/5@100',
      'done open 5/7@99',
      'done filled 5/5@100',
      'duplicateClientOrderId filled 5/5@100',
      'done open 5/8@98',
      'orderClosed filled 5/5@100',
      'orderNotFound',
      'done cancelled 5/8@98',
      'unknownAccount',
      'invalidRecord',
      'invalidRecord',
    ],
  );
  checkNumbersInSnapshot(program);
  checkForgetting(program);
  checkForgottenText(program);
  checkRepeats(program);
  checkRecordsUsedAgain(program);
  checkLongLife(program);
}

/** Records behind a snapshot find the accounts and orders that those before it made. */
function checkNumbersInSnapshot(program: Program): void {
  const { encodeExchange, decodeExchange } = program.snapshot;
  const exchange = started(program, []);
  answers(exchange, [{ id: 2 ** 40 }, { account: 2, id: 5, price: 90 }]);
  const restored = decodeExchange(encodeExchange(exchange));
  same(answers(restored, [cancel(2, 2 ** 40), cancel(1, 2 ** 40), cancel(2, 5)]), [
    'orderNotFound',
    'done cancelled 0/5@100',
    'done cancelled 0/5@90',
  ]);
}

/** A client order id that is a text is free again when its order is forgotten. */
function checkForgottenText(program: Program): void {
  const exchange = started(program, [{ kind: 'limits', maxOrdersPerAccount: 9, closedOrdersKept: 0 }]);
  const first = exchange.apply(place({ clientOrderId: 'mine' }), 1);
  exchange.apply({ kind: 'cancel', timeMs: 1_000, account: 'a', orderId: exchange.sequence }, 1);
  const second = exchange.apply(place({ clientOrderId: 'mine', price: 99 }), 1);
  same(
    [first, second].map(({ kind }) => kind),
    ['order', 'order'],
  );
}

/** What the commands of a batch name is found as it is at their turn, not as it was before the first of them. */
function checkRecordsUsedAgain(program: Program): void {
  const exchange = started(program, [{ kind: 'limits', maxOrdersPerAccount: 9, closedOrdersKept: 0 }]);
  answers(exchange, [{ id: 7 }]);
  // The new order gets the memory of the one that is forgotten.
  same(answers(exchange, [cancel(1, 7), { id: 8 }, cancel(1, 7), { id: 7 }, cancel(1, 7), cancel(1, 8)]), [
    'done cancelled 0/5@100',
    'done open 0/5@100',
    'orderNotFound',
    'done open 0/5@100',
    'done cancelled 0/5@100',
    'done cancelled 0/5@100',
  ]);
}

/** An order that was replaced is still known by what it was placed with. */
function checkRepeats(program: Program): void {
  const exchange = started(program, []);
  const change: RecordFields = { kind: RecordKind.replaceByClientId, id: 9, price: 91, quantity: 4 };
  same(answers(exchange, [{ id: 9, price: 90 }, change, { id: 9, price: 90 }, { id: 9, price: 91, quantity: 4 }]), [
    'done open 0/5@90',
    'done open 0/4@91',
    'done open 0/4@91',
    'duplicateClientOrderId open 0/4@91',
  ]);
}

/** Orders stay known by their ids while many commands pass, and are not when they are forgotten. */
function checkLongLife(program: Program): void {
  const exchange = started(program, [{ kind: 'limits', maxOrdersPerAccount: 9_000, closedOrdersKept: 0 }]);
  const oldest = exchange.sequence + 1;
  answers(exchange, [{ price: 50 }, { price: 51 }]);
  const cancelled = { kind: RecordKind.cancel, price: 0, quantity: 0 };
  for (let round = 0; round < 10; round++) {
    const ids = Array.from({ length: 1_000 }, (_, index) => 1 + index);
    answers(
      exchange,
      ids.flatMap((id) => [{ id }, cancel(1, id)]),
    );
  }
  const gone = exchange.sequence - 1;
  same([String(exchange.orders.get(gone)?.id)], ['undefined']);
  same(
    answers(exchange, [
      { ...cancelled, id: oldest },
      { ...cancelled, id: gone },
      { ...cancelled, id: oldest },
    ]),
    ['done cancelled 0/5@50', 'orderNotFound', 'orderNotFound'],
  );
}

/** Of many orders, the closed ones are forgotten with their ids, and every open one is found. */
function checkForgetting(program: Program): void {
  const exchange = started(program, [{ kind: 'limits', maxOrdersPerAccount: 9_000, closedOrdersKept: 10 }]);
  const ids = Array.from({ length: 1_500 }, (_, index) => 16 * (index + 1));
  answers(
    exchange,
    ids.map((id) => ({ id })),
  );
  const [gone, left] = [ids.filter((_, index) => index % 3 === 0), ids.filter((_, index) => index % 3 !== 0)];
  answers(
    exchange,
    gone.map((id) => cancel(1, id)),
  );
  // Ten are remembered; the others are free again.
  same(answers(exchange, [{ id: gone[0] ?? 0 }]), ['done open 0/5@100']);
  same(
    answers(
      exchange,
      left.map((id) => cancel(1, id)),
    ),
    left.map(() => 'done cancelled 0/5@100'),
  );
  same([String(exchange.orders.open), String(exchange.orders.closedCount)], ['1', '10']);
}

function started(program: Program, commands: readonly Command[]): Exchange {
  const exchange = new program.exchange.Exchange();
  const numbers = ['a', 'b'].map((account): Command => ({ kind: 'account', account }));
  for (const command of [...listing, ...numbers, ...commands]) exchange.apply(command, 1);
  return exchange;
}

function answers(exchange: Exchange, rows: readonly RecordFields[]): string[] {
  const results = exchange.applyRecords(recordBytes(rows), 1);
  const view = new DataView(results.buffer, results.byteOffset, results.length);
  return rows.map((_, index) => {
    const at = index * RESULT_BYTES;
    const refusal = REFUSALS[view.getUint8(at + 1)] ?? 'done';
    if (view.getUint8(at) === NO_ORDER) return refusal;
    const [price, quantity, filled] = [16, 20, 24].map((field) => view.getUint32(at + field, true));
    return `${refusal} ${STATUSES[view.getUint8(at)]} ${filled}/${quantity}@${price}`;
  });
}

function same(actual: readonly string[], expected: readonly string[]): void {
  const [left, right] = [actual.join('\n'), expected.join('\n')];
  if (left !== right) throw new Error(`records\n  expected\n${right}\n  got\n${left}`);
}

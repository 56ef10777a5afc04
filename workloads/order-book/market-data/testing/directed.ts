import type { Command } from '../../exchange/command.ts';
import { listing, place } from '../../exchange/testing/command-flow.ts';
import { FullReader } from './readers.ts';
import { type Program, Scene } from './scene.ts';

// What chance reaches too rarely. Each throws when the program makes the mistake.

/** A reader that is gone while the book goes on must notice when it comes back without a new snapshot. */
export async function returningReader(program: Program): Promise<void> {
  const scene = new Scene(program);
  scene.commit(listing);
  scene.connect('full');
  scene.commit([place()]);
  const [before] = scene.clients;
  if (before === undefined) throw new Error('nobody is connected');
  scene.fetchSnapshot(before);
  before.read(10);
  scene.leave(0);
  scene.commit([place()]);
  scene.connect('full');
  scene.commit([place()]);
  let noticed = false;
  try {
    for (const text of scene.clients[0]?.inbox ?? []) before.reader.message(text);
  } catch {
    noticed = true;
  }
  if (!noticed) throw new Error('a reader that was gone could not tell');
}

/** A process that wrote nothing is followed by one of the same epoch: a snapshot of the first must fit to the messages of the second. */
export async function quietProcess(program: Program): Promise<void> {
  const scene = new Scene(program);
  scene.commit(listing);
  scene.restart();
  for (let reader = 0; reader < 3; reader++) {
    scene.connect('full');
    scene.leave(0);
  }
  scene.connect('full');
  const [before] = scene.clients;
  if (!(before?.reader instanceof FullReader)) throw new Error('nobody is connected');
  scene.fetchSnapshot(before);
  scene.restart();
  scene.connect('full');
  scene.commit([place()]);
  for (const text of scene.clients[0]?.inbox ?? []) before.reader.message(text);
  if (before.reader.orders.size !== 1) throw new Error('a reader took messages for old ones that were new');
}

/** An auction fills a part of a seller that rested before it. */
export async function auctionOfRestingSeller(program: Program): Promise<void> {
  const phase = (name: 'call' | 'continuous'): Command => ({
    kind: 'phase',
    timeMs: 1,
    symbol: 'BTC-EUR',
    phase: name,
  });
  const scene = new Scene(program);
  scene.commit(listing);
  scene.connect('full');
  scene.connect('binance');
  for (const client of scene.clients) scene.fetchSnapshot(client);
  scene.commit([place({ side: 1, price: 101, quantity: 5, account: 'b' })]);
  scene.commit([phase('call'), place({ price: 102, quantity: 2 })]);
  scene.commit([phase('continuous')]);
  await scene.settle();
}

/** A resting order moves to another price with less of it. */
export async function replacedAtAnotherPrice(program: Program): Promise<void> {
  const scene = new Scene(program);
  scene.commit(listing);
  scene.connect('full');
  for (const client of scene.clients) scene.fetchSnapshot(client);
  scene.commit([place({ price: 100, quantity: 5 })]);
  scene.commit([{ kind: 'replace', timeMs: 1, account: 'a', orderId: 3, price: 99, quantity: 2 }]);
  await scene.settle();
}

/** A reader that takes nothing is sent away before much waits for it. */
export async function readerThatTakesNothing(program: Program): Promise<void> {
  const scene = new Scene(program, 2_000);
  scene.commit(listing);
  scene.connect('level2');
  for (let round = 0; round < 200; round++) scene.commit([place({ price: 90 + (round % 7) })]);
  if (scene.ended[0] !== 'slow') throw new Error('the reader that takes nothing is still there');
}

export const directed = [
  returningReader,
  quietProcess,
  auctionOfRestingSeller,
  replacedAtAnotherPrice,
  readerThatTakesNothing,
];

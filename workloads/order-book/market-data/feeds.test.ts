import fc from 'fast-check';
import { expect, test } from 'vitest';
import { listing, place } from '../exchange/testing/command-flow.ts';
import { directed } from './testing/directed.ts';
import { program, Scene } from './testing/scene.ts';
import { busyFlow, playScript, script } from './testing/script.ts';

test('any flow, any moment of joining, slow readers and restarts: every client that follows the rule has the book', async () => {
  await fc.assert(
    fc.asyncProperty(script, async (steps) => {
      await playScript(program, steps);
    }),
    { numRuns: 500 },
  );
});

test('a slow reader is dropped and the others have the book', async () => {
  const scene = new Scene(program, 2_000);
  scene.commit(listing);
  for (const kind of ['binance', 'level2', 'level2', 'full'] as const) scene.connect(kind);
  const [binance, slow] = scene.clients;
  for (let round = 0; round < 200; round++) {
    scene.commit([place({ price: 100 + (round % 7), clientOrderId: `${round}` })]);
    await scene.clock.advance(20);
    for (const client of scene.clients) {
      if (client !== slow && client.hasSnapshot) client.read(10);
      if (!client.hasSnapshot && client !== binance) scene.fetchSnapshot(client);
    }
    if (round === 50 && binance !== undefined) scene.fetchSnapshot(binance);
  }
  expect(scene.ended).toEqual(['slow']);
  expect(slow?.ended).toBe('slow');
  expect(slow?.inbox.join('').length).toBeLessThan(4_000);
  await scene.settle();
});

test.for(directed.map((play) => [play.name, play] as const))('%s', ([, play]) => play(program));

test('the commands of the property reach what the feeds must tell', async () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(busyFlow, (flow) => {
      const scene = new Scene(program);
      scene.commit(listing);
      scene.connect('full');
      scene.commit(flow);
      for (const text of scene.clients[0]?.inbox ?? []) {
        const { type, reason } = JSON.parse(text) as { type: string; reason?: string };
        seen.add(reason === undefined ? type : `${type} ${reason}`);
      }
    }),
    { numRuns: 400, seed: 1 },
  );
  expect([...seen].sort()).toEqual([
    'change STP',
    'change match',
    'change modify_order',
    'done canceled',
    'done filled',
    'match',
    'open',
    'received',
    'subscriptions',
  ]);
});

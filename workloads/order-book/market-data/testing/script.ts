import fc from 'fast-check';
import type { Command, ExtraTerms } from '../../exchange/command.ts';
import { commands, listing } from '../../exchange/testing/command-flow.ts';
import { type Kind, type Program, Scene } from './scene.ts';

export type Step =
  | { readonly kind: 'commit'; readonly size: number }
  | { readonly kind: 'connect'; readonly as: Kind }
  | { readonly kind: 'snapshot' | 'leave'; readonly client: number }
  | { readonly kind: 'read'; readonly client: number; readonly messages: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'settle' | 'restart' };

export interface Script {
  readonly flow: readonly Command[];
  readonly steps: readonly Step[];
}

const client = fc.nat(5);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('commit' as const), size: fc.integer({ min: 1, max: 8 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('connect' as const),
      as: fc.constantFrom('binance' as const, 'level2' as const, 'level2_batch' as const, 'full' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('snapshot' as const), client }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('read' as const), client, messages: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(10, 50, 100) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), client }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('settle' as const, 'restart' as const) }) },
);

const base = { timeMs: 1_000, symbol: 'BTC-EUR' };
const account = fc.constantFrom('a', 'a', 'b');
const price = fc.integer({ min: 98, max: 102 });
const orderId = fc.integer({ min: 3, max: 40 });
const noExtra: ExtraTerms = { stopPrice: 0, displayQuantity: 0, selfTrade: 'allow', expiresMs: 0, linkedTo: 0 };
const rarely = <T>(usual: T, value: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, value);

/** Few accounts and prices, so that most commands meet an order: icebergs, stops, pairs, decrements, replacements, auctions. */
export const busyFlow: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc
        .record({
          account,
          side: fc.constantFrom(0 as const, 1 as const),
          price,
          quantity: fc.integer({ min: 1, max: 9 }),
          timeInForce: rarely('GTC', fc.constantFrom('IOC' as const, 'FOK' as const)),
          displayQuantity: rarely(0, fc.integer({ min: 1, max: 3 })),
          stopPrice: rarely(0, price),
          linkedTo: rarely(0, orderId),
          selfTrade: fc.constantFrom('allow' as const, 'decrement' as const, 'cancelOldest' as const),
        })
        .map(({ displayQuantity, stopPrice, linkedTo, selfTrade, ...rest }): Command => {
          const extra = { ...noExtra, displayQuantity, stopPrice, linkedTo, selfTrade };
          return { kind: 'place', clientOrderId: '', type: 'limit', postOnly: false, ...base, ...rest, extra };
        }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ account, orderId }).map((terms): Command => ({ kind: 'cancel', ...base, ...terms })),
    },
    {
      weight: 6,
      arbitrary: fc
        .record({ account, orderId, price: fc.oneof(fc.constant(0), price), quantity: fc.integer({ min: 1, max: 9 }) })
        .map((terms): Command => ({ kind: 'replace', ...base, ...terms })),
    },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom('call' as const, 'continuous' as const, 'continuous' as const)
        .map((phase): Command => ({ kind: 'phase', ...base, phase })),
    },
  ),
  { maxLength: 60, size: 'max' },
);

/** What happens to a book and its clients. */
export const script: fc.Arbitrary<Script> = fc.record({
  flow: fc.oneof(busyFlow, busyFlow, commands),
  steps: fc.array(step, { maxLength: 60, size: 'max' }),
});

/** Plays it. Throws when a client sees a gap or, at the end, does not have the book. */
export async function playScript(program: Program, { flow, steps }: Script): Promise<void> {
  const scene = new Scene(program);
  scene.commit(listing);
  let next = 0;
  for (const each of steps) {
    next = await play(scene, each, flow, next);
  }
  scene.commit(flow.slice(next));
  await scene.settle();
}

async function play(scene: Scene, step: Step, flow: readonly Command[], next: number): Promise<number> {
  switch (step.kind) {
    case 'commit': {
      const batch = flow.slice(next, next + step.size);
      if (batch.length > 0) scene.commit(batch);
      return next + batch.length;
    }
    case 'connect':
      scene.connect(step.as);
      return next;
    case 'snapshot': {
      const client = scene.clients[step.client];
      if (client !== undefined && !client.hasSnapshot) scene.fetchSnapshot(client);
      return next;
    }
    case 'leave':
      scene.leave(step.client);
      return next;
    case 'read':
      scene.clients[step.client]?.read(step.messages);
      return next;
    case 'wait':
      await scene.clock.advance(step.ms);
      return next;
    case 'settle':
      await scene.settle();
      return next;
    case 'restart':
      scene.restart();
      return next;
  }
}

import type { Mutation } from '../../testing/mutant.ts';

/** Ways to let an account risk more than it may, and to place half a pair. */
export const riskMutations: readonly Mutation[] = [
  {
    name: 'a snapshot forgets a limit',
    file: 'exchange/snapshot.ts',
    edits: [['writeRisk(writer, own);', 'writeRisk(writer, { ...own, maxQuantity: 0 });']],
  },
  {
    name: 'limits of an account do not replace those of all',
    file: 'exchange/risk.ts',
    edits: [['this.limits.get(account)?.get(market) ?? ', '']],
  },
  {
    name: 'an order of just the limit is refused',
    file: 'exchange/risk.ts',
    edits: [['worth > limits.maxNotional', 'worth >= limits.maxNotional']],
  },
  {
    name: 'open orders are not counted',
    file: 'exchange/risk.ts',
    edits: [['openNotional() + worth', 'worth']],
  },
  {
    name: 'a sell is measured like a buy',
    file: 'exchange/risk.ts',
    edits: [['isSell ? reference - price : price - reference', 'price - reference']],
  },
  {
    name: 'prices far from the market on the harmless side are refused',
    file: 'exchange/risk.ts',
    edits: [['through * 10_000', 'Math.abs(through) * 10_000']],
  },
  {
    name: 'what was filled counts as open',
    file: 'exchange/order-entry.ts',
    edits: [
      [
        'const open = (words[slot + QUANTITY] as number) - (words[slot + FILLED] as number);',
        'const open = words[slot + QUANTITY] as number;',
      ],
    ],
  },
  {
    name: 'a change is not held to the limits',
    file: 'exchange/order-entry.ts',
    edits: [['this.risk.isOff ? undefined : this.replaceRisk(market, slot, price, quantity)', 'undefined']],
  },
  {
    name: 'an order cannot be made smaller',
    file: 'exchange/order-entry.ts',
    edits: [['maxQuantity: grows ? limits.maxQuantity : 0', 'maxQuantity: limits.maxQuantity']],
  },
  {
    name: 'the stop of a refused pair stays',
    file: 'exchange/order-entry.ts',
    edits: [['    if (limitRefusal !== undefined) this.withdraw(stopSlot, Reason.byPartner, stop.timeMs);\n', '']],
  },
  {
    name: 'the limit of a pair is not checked before the stop is placed',
    file: 'exchange/order-entry.ts',
    edits: [['      this.refusal(market, limit, account, 2) ??\n', '']],
  },
  {
    name: 'a stop that was passed is taken',
    file: 'exchange/order-entry.ts',
    edits: [["(wasPassed(stop, market.book.lastPrice) ? 'wouldTrigger' : undefined)", 'undefined']],
  },
  {
    name: 'the orders of a pair are not linked',
    file: 'exchange/order-entry.ts',
    edits: [['    limit.extra = { ...limit.extra, linkedTo: id };\n', '']],
  },
  {
    name: 'a repeated pair places again',
    file: 'exchange/order-entry.ts',
    edits: [['    if (this.repeated) return this.repeatPair(stop, limit);\n', '']],
  },
  {
    name: 'a pair takes one sequence',
    file: 'exchange/exchange.ts',
    edits: [['const id = this.sequence++;', 'const id = this.sequence;']],
  },
];

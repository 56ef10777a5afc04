import type { Mutation } from '../../testing/mutant.ts';

/** Ways to leave a reader with another book than the engine's, or to let one reader harm the others. */
export const mutations: readonly Mutation[] = [
  {
    name: 'one changed level is lost',
    file: 'market-data/depth-feed.ts',
    edits: [['Array.from(prices, (price)', 'Array.from([...prices].slice(0, 3), (price)']],
  },
  {
    name: 'U begins one command late',
    file: 'market-data/depth-feed.ts',
    edits: [['firstId: this.lastId + 1,', 'firstId: this.lastId + 2,']],
  },
  {
    name: 'an update begins where something changed, not where the last one ended',
    file: 'market-data/depth-feed.ts',
    edits: [['firstId: this.lastId + 1,', 'firstId: updateId,']],
  },
  {
    name: 'quantities are told as they change, not whole',
    file: 'market-data/depth-feed.ts',
    edits: [['this.market.book.volumeAt(side, price)]', 'Math.min(3, this.market.book.volumeAt(side, price))]']],
  },
  {
    name: 'a level of the other side is told',
    file: 'market-data/depth-feed.ts',
    edits: [['asks: this.read(SELL, this.asks),', 'asks: this.read(SELL, this.bids),']],
  },
  {
    name: 'a snapshot is told from before the last commit',
    file: 'market-data/coinbase/channels.ts',
    edits: [['if (this.snapshot?.updateId !== updateId) {', 'if (this.snapshot === undefined) {']],
  },
  {
    name: 'messages are numbered again after nobody listened',
    file: 'market-data/coinbase/order-feed.ts',
    edits: [['if (updateId !== this.standsAt) this.sequence++;', '']],
  },
  {
    name: 'a process that wrote nothing gives out numbers that the next one gives again',
    file: 'market-data/coinbase/order-feed.ts',
    edits: [['if (updateId !== this.standsAt) this.sequence++;', 'this.sequence++;']],
  },
  {
    name: 'an iceberg does not open again',
    file: 'market-data/coinbase/order-feed.ts',
    edits: [['else if (shown.lots === 0) this.open', 'else if (shown.lots < 0) this.open']],
  },
  {
    name: 'an iceberg shows all of it',
    file: 'market-data/coinbase/order-feed.ts',
    edits: [['return peak > 0 ? Math.min(peak, open) : open;', 'return open;']],
  },
  {
    name: 'a replaced order keeps its price',
    file: 'market-data/coinbase/order-feed.ts',
    edits: [
      ['if (order.price === shown.price && order.quantity <= shown.quantity)', 'if (order.quantity <= shown.quantity)'],
    ],
  },
  {
    name: 'a prevented self-trade is not told',
    file: 'market-data/coinbase/order-feed.ts',
    edits: [["if (order.status === 'open') this.shrink(order, 'STP');", "if (order.status === 'open') return;"]],
  },
  {
    name: 'the seller of an auction is not told',
    file: 'market-data/coinbase/order-feed.ts',
    edits: [["    else this.shrink(taker, 'match');\n", '']],
  },
  {
    name: 'what an order left is not taken off the book',
    file: 'market-data/coinbase/order-feed.ts',
    edits: [["if (!isWaitingStop) this.done(order, 'canceled');", '']],
  },
  {
    name: 'a slow reader may grow',
    file: 'market-data/connection.ts',
    edits: [['if (socket.bufferedAmount > limits.bufferedBytes) {', 'if (socket.bufferedAmount < 0) {']],
  },
];

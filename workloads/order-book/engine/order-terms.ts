import type { Side } from './queues.ts';

/** All that an order may ask for; 0 where it does not. The book keeps nothing of the object, so that one may serve for all orders. */
export interface OrderTerms {
  readonly id: number;
  readonly side: Side;
  readonly price: number;
  readonly quantity: number;
  readonly flags: number;
  readonly owner: number;
  /** The last price at which it enters the book. */
  readonly stop: number;
  /** The lots it shows at a time; each new portion goes to the end of the queue. */
  readonly peak: number;
  /** The id of an open order of its side: when one of the two trades, is triggered or leaves, the other is cancelled. */
  readonly partner: number;
}

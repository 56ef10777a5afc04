import { CodedError, serviceErrors } from '@sluice/kit';
import type { Clock } from '@sluice/runtime/clock';
import { errors } from '../errors.ts';
import type { Command } from '../exchange/command.ts';
import type { Exchange, Outcome } from '../exchange/exchange.ts';
import type { Market } from '../exchange/market.ts';
import type { Order, Trade } from '../exchange/order.ts';
import type { Sequencer } from '../exchange/sequencer.ts';
import type { BookMetrics } from '../metrics.ts';
import {
  type PairBody,
  type PlaceBody,
  parseClientOrderId,
  parsePair,
  parsePrice,
  parseQuantity,
  parseTerms,
  type ReplaceBody,
} from './order-request.ts';
import type { RateLimit } from './rate-limit.ts';
import { marketOf, ownOrder, refusalError } from './refusals.ts';

export interface OrderEntryOptions {
  readonly clock: Clock;
  readonly exchange: Exchange;
  readonly sequencer: Sequencer;
  /** Symbols that take new orders; others that the journal knows can still be read and cancelled. */
  readonly listed: ReadonlySet<string>;
  readonly rateLimit: RateLimit;
  /** Open orders of all accounts and symbols together: what the memory of the process bears. */
  readonly maxOpenOrders: number;
  /** Why no command that could trade is taken now; undefined when it is. */
  readonly refusal: () => CodedError | undefined;
  readonly metrics: BookMetrics;
}

/** A command that was taken. `trades` are those of the order itself. */
export interface Accepted {
  readonly order: Order;
  readonly trades: readonly Trade[];
  /** The client order id was there already, with the same terms: nothing was done. */
  readonly repeated: boolean;
}

/**
 * The way of an order from a door to the sequencer: every door that speaks decimal text goes through here, so all have the same
 * rules. Each method resolves when the command is durable, and rejects with the coded error for the client.
 */
export interface OrderEntry {
  place(account: string, body: PlaceBody): Promise<Accepted>;
  /** Both orders of a pair, or none. */
  placePair(account: string, body: PairBody): Promise<{ readonly stop: Accepted; readonly limit: Accepted }>;
  replace(account: string, orderId: number, body: ReplaceBody): Promise<Accepted>;
  cancel(account: string, orderId: number): Promise<Accepted>;
}

export function createOrderEntry(options: OrderEntryOptions): OrderEntry {
  const { clock, exchange, listed, sequencer, maxOpenOrders } = options;
  const submit = submitter(options);
  const listedMarket = (symbol: string): Market => {
    if (!listed.has(symbol)) throw refusalError({ kind: 'refused', refusal: 'unknownSymbol' });
    return marketOf(exchange, symbol);
  };
  const refuseFullBook = (more: number): void => {
    // Each command under way may become an open order.
    if (exchange.orders.open + sequencer.pending + more <= maxOpenOrders) return;
    throw refusalError({ kind: 'refused', refusal: 'bookFull' });
  };
  return {
    place: async (account, body) => {
      const market = listedMarket(body.symbol);
      const timeMs = clock.now();
      const terms = parseTerms(body, market, timeMs);
      const clientOrderId = parseClientOrderId(body.clientOrderId);
      if (terms.timeInForce === 'GTC' || terms.extra !== undefined) refuseFullBook(1);
      return single(await submit({ kind: 'place', timeMs, account, clientOrderId, symbol: body.symbol, ...terms }));
    },
    placePair: async (account, body) => {
      const timeMs = clock.now();
      const legs = parsePair(body, listedMarket(body.symbol), timeMs);
      refuseFullBook(2);
      return pair(await submit({ kind: 'pair', timeMs, account, symbol: body.symbol, ...legs }));
    },
    replace: async (account, orderId, { price, quantity }) => {
      if (price === undefined && quantity === undefined) {
        throw new CodedError(serviceErrors.invalidRequest, 'Send a new price, a new quantity, or both.');
      }
      const { market } = ownOrder(exchange, account, orderId);
      const command = {
        kind: 'replace',
        timeMs: clock.now(),
        account,
        orderId,
        price: price === undefined ? 0 : parsePrice(price, market),
        quantity: quantity === undefined ? 0 : parseQuantity(quantity, market),
      } as const;
      return single(await submit(command));
    },
    cancel: async (account, orderId) => single(await submit({ kind: 'cancel', timeMs: clock.now(), account, orderId })),
  };
}

type OrderCommand = Extract<Command, { kind: 'place' | 'pair' | 'replace' | 'cancel' }>;
type Done = Exclude<Outcome, { kind: 'refused' }>;

/** Sends a command through rate limit and sequencer, and counts what came of it. */
function submitter({
  clock,
  sequencer,
  rateLimit,
  refusal,
  metrics,
}: OrderEntryOptions): (command: OrderCommand) => Promise<Done> {
  return async (command) => {
    const refused = command.kind === 'cancel' ? undefined : refusal();
    if (refused !== undefined) throw refused;
    const wait = rateLimit.waitMs(command.account);
    if (wait > 0) {
      metrics.rateLimited.inc();
      const sentence = `The account may send ${rateLimit.perSecondOf(command.account)} commands per second: send this one again later.`;
      throw new CodedError(errors.rateLimited, sentence, { retryAfterSeconds: Math.ceil(wait / 1_000) });
    }
    const started = clock.monotonic();
    const outcome = await sequencer.submit(command);
    metrics.acknowledgeSeconds.observe((clock.monotonic() - started) / 1_000);
    metrics.commands.inc({ kind: command.kind, result: resultOf(outcome) });
    if (outcome.kind === 'refused') throw refusalError(outcome);
    return outcome;
  };
}

function single(outcome: Done): Accepted {
  if (outcome.kind !== 'order') throw new Error(`one order was answered as ${outcome.kind}`);
  return accepted(outcome, outcome.order);
}

function pair(outcome: Done): { readonly stop: Accepted; readonly limit: Accepted } {
  if (outcome.kind !== 'pair') throw new Error(`a pair was answered as ${outcome.kind}`);
  return { stop: accepted(outcome, outcome.stop), limit: accepted(outcome, outcome.limit) };
}

function accepted({ trades, repeated }: Pick<Accepted, 'trades' | 'repeated'>, order: Order): Accepted {
  // Stops that it triggered may have traded too, with others.
  const own = trades.filter(({ makerId, takerId }) => makerId === order.id || takerId === order.id);
  return { order, trades: own, repeated };
}

function resultOf(outcome: Outcome): string {
  if (outcome.kind === 'order' || outcome.kind === 'pair') return outcome.repeated ? 'repeated' : 'accepted';
  return outcome.kind === 'refused' ? 'refused' : 'configured';
}

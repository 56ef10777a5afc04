import { Type } from '@sinclair/typebox';
import { CodedError } from '@sluice/kit';
import type { Clock } from '@sluice/runtime/clock';
import type { Logger } from '@sluice/runtime/telemetry';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MAX_PRICE } from '../engine/ladder.ts';
import { errors } from '../errors.ts';
import type { Command, PhaseName } from '../exchange/command.ts';
import type { Exchange, Outcome } from '../exchange/exchange.ts';
import type { Sequencer } from '../exchange/sequencer.ts';
import { accountOfName, accountOfSubject } from './account.ts';
import { bandAnswer, killSwitchAnswer, phaseAnswer } from './answers.ts';
import { parsePrice } from './order-request.ts';
import { refuseForeignPage } from './origin.ts';
import { marketOf, refusalError } from './refusals.ts';
import { accountOf, refuseWrongBody } from './request.ts';
import { accountErrors, commandErrors, symbolErrors } from './route-errors.ts';
import { bandView, tradeView } from './views.ts';

/** The scope of a token that may halt symbols and switch accounts off. */
export const ADMIN_SCOPE = 'order-book.admin';

export interface AdminRoutesOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly exchange: Exchange;
  readonly sequencer: Sequencer;
  readonly secured: boolean;
}

const closed = { additionalProperties: false } as const;
const symbolParams = Type.Object({
  symbol: Type.String({ maxLength: 256, description: 'Name of a symbol of this book.' }),
});
const price = (description: string) => Type.Optional(Type.String({ description, maxLength: 256 }));

/**
 * Doors for whoever runs the market. With tokens they need ADMIN_SCOPE; without, they are for callers on the same machine. An account
 * may pull its own kill switch, and not lift it.
 */
export function addAdminRoutes(app: FastifyInstance, options: AdminRoutesOptions): void {
  addPhase(app, options);
  addBand(app, options);
  addKillSwitch(app, options);
}

function addPhase(app: FastifyInstance, options: AdminRoutesOptions): void {
  const { clock, exchange } = options;
  app.put<{ Params: { symbol: string }; Body: { phase: PhaseName } }>(
    '/v1/symbols/:symbol/phase',
    {
      schema: {
        summary: 'Halt a symbol, open its call, or open its trading with the auction of what the call collected',
        params: symbolParams,
        body: Type.Object(
          {
            phase: Type.Union([Type.Literal('continuous'), Type.Literal('halted'), Type.Literal('call')], {
              description:
                'continuous trades, halted takes nothing but cancels, call collects limit orders for an auction.',
            }),
          },
          closed,
        ),
        response: { 200: phaseAnswer },
      },
      config: { scope: ADMIN_SCOPE, errors: [...symbolErrors, errors.invalidPhase, ...commandErrors] },
      attachValidation: true,
    },
    async (request) => {
      refuseWrongBody(request);
      const { symbol } = request.params;
      const { phase } = request.body;
      const market = marketOf(exchange, symbol);
      const command = { kind: 'phase', timeMs: clock.now(), symbol, phase } as const;
      const { trades = [] } = await administer(options, request, command);
      return { symbol, phase, trades: trades.map((trade) => tradeView(trade, market)) };
    },
  );
}

function addBand(app: FastifyInstance, options: AdminRoutesOptions): void {
  app.put<{ Params: { symbol: string }; Body: { lowest?: string; highest?: string } }>(
    '/v1/symbols/:symbol/band',
    {
      schema: {
        summary: 'Set the prices that a symbol takes; {} takes all again',
        params: symbolParams,
        body: Type.Object({ lowest: price('Absent: no bound.'), highest: price('Absent: no bound.') }, closed),
        response: { 200: bandAnswer },
      },
      config: {
        scope: ADMIN_SCOPE,
        errors: [...symbolErrors, errors.invalidBand, errors.priceOffTick, errors.priceOutOfRange, ...commandErrors],
      },
      attachValidation: true,
    },
    async (request) => {
      refuseWrongBody(request);
      const { symbol } = request.params;
      const market = marketOf(options.exchange, symbol);
      const bound = (field: 'lowest' | 'highest', fallback: number): number => {
        const text = request.body[field];
        return text === undefined ? fallback : parsePrice(text, market, field, errors.invalidBand);
      };
      const lowest = bound('lowest', 1);
      const highest = bound('highest', MAX_PRICE);
      if (lowest > highest) throw new CodedError(errors.invalidBand, 'lowest must not be above highest.');
      await administer(options, request, { kind: 'band', symbol, lowest, highest });
      return { symbol, ...bandView({ lowest, highest }, market) };
    },
  );
}

function addKillSwitch(app: FastifyInstance, options: AdminRoutesOptions): void {
  const { clock, secured } = options;
  const throwSwitch = async (request: FastifyRequest, account: string, on: boolean): Promise<object> => {
    await administer(options, request, { kind: 'kill', timeMs: clock.now(), account, blocked: on });
    return { account, on };
  };

  app.put<{ Params: { account: string }; Body: { on: boolean } }>(
    '/v1/accounts/:account/kill-switch',
    {
      schema: {
        summary: 'Cancel everything that an account has open and take no more orders of it, or lift that',
        params: Type.Object({ account: Type.String({ maxLength: 256, description: 'Name of the account.' }) }),
        body: Type.Object({ on: Type.Boolean({ description: 'Whether it is to take no orders.' }) }, closed),
        response: { 200: killSwitchAnswer },
      },
      config: { scope: ADMIN_SCOPE, errors: [...accountErrors, ...commandErrors] },
      attachValidation: true,
    },
    async (request) => {
      refuseWrongBody(request);
      const { account: name } = request.params;
      const account = secured ? accountOfSubject(name) : accountOfName(name);
      return throwSwitch(request, account, request.body.on);
    },
  );

  app.post(
    '/v1/kill-switch',
    {
      schema: {
        summary: 'Cancel everything that the own account has open and take no more orders of it',
        response: { 200: killSwitchAnswer },
      },
      config: { errors: [...accountErrors, errors.foreignOrigin, ...commandErrors] },
      preValidation: async (request) => refuseForeignPage(request),
    },
    async (request) => throwSwitch(request, accountOf(request, secured), true),
  );
}

type AdminCommand = Extract<Command, { kind: 'phase' | 'band' | 'kill' }>;

async function administer(
  { sequencer, log }: AdminRoutesOptions,
  request: FastifyRequest,
  command: AdminCommand,
): Promise<Extract<Outcome, { kind: 'configured' }>> {
  const outcome = await sequencer.submit(command);
  if (outcome.kind === 'refused') throw refusalError(outcome);
  if (outcome.kind !== 'configured') throw new Error(`${command.kind} was answered as an order`);
  // What stops trading must be found in the log at every level, with who did it.
  log.warn({ command, by: request.caller?.subject ?? request.ip }, 'administrative command');
  return outcome;
}

import { type Static, Type } from '@sinclair/typebox';
import { CodedError } from '@sluice/kit';
import type { FastifyInstance } from 'fastify';
import type { CounterConfig, LedgerRecord } from '../core/record.ts';
import { valuesOf } from '../core/value.ts';
import { counterErrors } from '../errors.ts';
import type { Grant } from './dispenser.ts';

/** Largest `count` of one request. */
export const maxCount = 1_000;

const counterName = Type.String({ minLength: 1, maxLength: 63, description: 'Default: the first counter.' });

const nextObject = Type.Object(
  {
    counter: Type.Optional(counterName),
    count: Type.Optional(
      Type.Integer({ minimum: 1, maximum: maxCount, description: 'How many numbers: all of them or none. Default 1.' }),
    ),
  },
  { additionalProperties: false },
);
/** No body at all asks for one number of the first counter. */
const nextBody = Type.Unsafe<Static<typeof nextObject> | null>({ ...nextObject, type: ['object', 'null'] });

const decimal = Type.String({ pattern: '^\\d{1,20}$', description: 'A 64-bit number as text.' });

const nextAnswer = Type.Object({
  counter: Type.String(),
  value: Type.String({ description: 'The first of the numbers, a 64-bit number as text.' }),
  values: Type.Optional(Type.Array(decimal, { description: 'All of them, ascending; only when count was given.' })),
  epoch: Type.String({ description: 'How many times the ledger had been taken over: never falls.' }),
});

const peekQuery = Type.Object({ counter: Type.Optional(counterName) }, { additionalProperties: false });

const peekAnswer = Type.Object({
  counter: Type.String(),
  highWater: Type.String({ description: 'No number above this was handed out, as this replica last saw the ledger.' }),
  epoch: decimal,
  holder: Type.String({
    description: 'The replica that hands out numbers; empty when there is none (or with Unique).',
  }),
});

export interface CounterRoutes {
  readonly counters: readonly CounterConfig[];
  readonly next: (counter: string, count: number) => Promise<Grant>;
  readonly record: () => LedgerRecord | undefined;
}

/** `POST /v1/next` and `GET /v1/peek`. Taking a number is a POST: proxies may repeat or keep a GET. */
export function addCounterRoutes(app: FastifyInstance, { counters, next, record }: CounterRoutes): void {
  const byName = new Map(counters.map((counter) => [counter.name, counter]));
  const [first] = counters;

  function find(name: string | undefined): CounterConfig {
    const counter = name === undefined ? first : byName.get(name);
    if (counter !== undefined) return counter;
    const known = [...byName.keys()].join(', ');
    throw new CodedError(counterErrors.unknownCounter, `There is no counter "${name}" here. There are: ${known}.`);
  }

  app.post<{ Body: Static<typeof nextBody> }>(
    '/v1/next',
    {
      schema: { summary: 'Take one or more numbers', body: nextBody, response: { 200: nextAnswer } },
    },
    async (request, reply) => {
      const { counter: name, count } = request.body ?? {};
      const counter = find(name);
      const { ranges, epoch } = await next(counter.name, count ?? 1);
      const values = valuesOf(ranges, counter.step).map(String);
      reply.header('cache-control', 'no-store');
      return { counter: counter.name, value: values[0], ...(count !== undefined && { values }), epoch: String(epoch) };
    },
  );

  app.get<{ Querystring: Static<typeof peekQuery> }>(
    '/v1/peek',
    {
      schema: { summary: 'How far a counter is; takes nothing', querystring: peekQuery, response: { 200: peekAnswer } },
    },
    async (request, reply) => {
      const counter = find(request.query.counter);
      const ledger = record();
      if (ledger === undefined) {
        const sentence = 'This replica has not read the ledger yet. Try again.';
        throw new CodedError(counterErrors.noNumbers, sentence, { retryAfterSeconds: 1 });
      }
      reply.header('cache-control', 'no-store');
      return {
        counter: counter.name,
        highWater: String(highWater(ledger, counter)),
        epoch: String(ledger.epoch),
        holder: ledger.holder.split('/', 1)[0] ?? '',
      };
    },
  );
}

/** The largest value that may have been handed out; 0 before the first. */
function highWater(record: LedgerRecord, { name, start, step }: CounterConfig): bigint {
  const { high, rest } = record.marks.get(name) ?? { high: start };
  const free = rest ?? high;
  return free > start ? free - step : 0n;
}

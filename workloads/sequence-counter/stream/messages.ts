import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { CodedError } from '@sluice/kit';
import { parseValue } from '../core/value.ts';
import { counterErrors } from '../errors.ts';
import type { Grant } from '../gateway/dispenser.ts';

// What replicas say to each other. Version 1; a peer of another version is refused, and its requests wait.
export const protocol = 1;

const name = Type.String({ maxLength: 63 });
const decimal = Type.String({ pattern: '^\\d{1,20}$' });

const helloSchema = Type.Object({
  hello: Type.Object({ pod: Type.String({ maxLength: 253 }), protocol: Type.Integer() }),
});
/** All that the clients of one replica wanted in one turn of its loop: counter and how many numbers. */
const asksSchema = Type.Object({
  id: Type.Integer(),
  asks: Type.Array(Type.Tuple([name, Type.Integer({ minimum: 1, maximum: 100_000_000 })]), { maxItems: 64 }),
});
/** Per ask: first number and how many of each range; null: ask elsewhere; a code: no use to ask again. */
const answerSchema = Type.Union([
  Type.Null(),
  Type.Object({ epoch: decimal, ranges: Type.Array(Type.Tuple([decimal, Type.Integer({ minimum: 1 })])) }),
  Type.Object({ code: Type.String(), detail: Type.String() }),
]);
const answersSchema = Type.Object({ id: Type.Integer(), answers: Type.Array(answerSchema) });
/** The holder let the ledger go; one peer is told to go first. */
const releasedSchema = Type.Object({ released: Type.Boolean(), invited: Type.Boolean() });

export type Hello = Static<typeof helloSchema>;
export type Asks = Static<typeof asksSchema>;
export type Answer = Static<typeof answerSchema>;
export type Answers = Static<typeof answersSchema>;
export type Released = Static<typeof releasedSchema>;

export function isHello(message: unknown): message is Hello {
  return Value.Check(helloSchema, message);
}

export function isAsks(message: unknown): message is Asks {
  return Value.Check(asksSchema, message);
}

export function isAnswers(message: unknown): message is Answers {
  return Value.Check(answersSchema, message);
}

export function isReleased(message: unknown): message is Released {
  return Value.Check(releasedSchema, message);
}

export function answerOf(grant: Grant | undefined): Answer {
  if (grant === undefined) return null;
  return { epoch: String(grant.epoch), ranges: grant.ranges.map(({ first, count }) => [String(first), count]) };
}

/** Failures that no other replica would mend travel as they are; all others mean: ask again. */
export function refusalOf(error: unknown): Answer {
  if (!(error instanceof CodedError)) return null;
  const final = [counterErrors.exhausted.code, counterErrors.ledgerRegressed.code];
  return final.some((code) => code === error.code) ? { code: error.code, detail: error.message } : null;
}

/** Throws the holder's refusal as an error of this process. */
export function grantOf(answer: Answer): Grant | undefined {
  if (answer === null) return undefined;
  if ('code' in answer) {
    const definition = Object.values(counterErrors).find(({ code }) => code === answer.code) ?? counterErrors.noNumbers;
    throw new CodedError(definition, answer.detail, definition.status === 503 ? { retryAfterSeconds: 10 } : {});
  }
  return {
    epoch: parseValue(answer.epoch),
    ranges: answer.ranges.map(([first, count]) => ({ first: parseValue(first), count })),
  };
}

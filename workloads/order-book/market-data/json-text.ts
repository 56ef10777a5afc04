import type { FastifyReply } from 'fastify';

/** Answers with text that is JSON already. */
export function answerJsonText(reply: FastifyReply, text: string): FastifyReply {
  return reply
    .type('application/json; charset=utf-8')
    .serializer((payload: string) => payload)
    .send(text);
}

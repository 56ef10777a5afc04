import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { SignJWT } from 'jose';
import { algorithm, type SigningKey } from './signing-key.ts';

const longestTtlSeconds = 3600;

const text = { type: 'string', minLength: 1, maxLength: 256 };
const tokenRequest = {
  type: 'object',
  properties: {
    subject: text,
    audience: text,
    ttlSeconds: { type: 'integer', minimum: 1, maximum: longestTtlSeconds, default: 600 },
    scope: { type: 'string', maxLength: 256, default: '' },
  },
  required: ['subject', 'audience'],
  additionalProperties: false,
};

interface TokenRequest {
  subject: string;
  audience: string;
  ttlSeconds: number;
  scope: string;
}

/** `GET /jwks`: the public key. `POST /token`: a signed token for whoever asks, at most one hour long. */
export function addIssuerRoutes(app: FastifyInstance, { issuer, key }: { issuer: string; key: SigningKey }): void {
  app.get('/jwks', { schema: { summary: 'The public keys (RFC 7517)' } }, async (_request, reply) => {
    reply.header('cache-control', 'max-age=60');
    return { keys: [key.publicJwk] };
  });

  app.post<{ Body: TokenRequest }>(
    '/token',
    { schema: { summary: 'A token for any subject: demos only', body: tokenRequest } },
    async (request, reply) => {
      const { subject, audience, ttlSeconds, scope } = request.body;
      const token = await new SignJWT(scope === '' ? {} : { scope })
        .setProtectedHeader({ alg: algorithm, kid: key.kid, typ: 'JWT' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(subject)
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime(`${ttlSeconds}s`)
        .sign(key.privateKey);
      reply.header('cache-control', 'no-store');
      return { access_token: token, token_type: 'Bearer', expires_in: ttlSeconds };
    },
  );
}

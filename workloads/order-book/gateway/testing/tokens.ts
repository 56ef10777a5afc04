import { generateKeyPairSync, sign } from 'node:crypto';
import type { AuthConfig } from '@sluice/kit';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const { kty = '', crv = '', x = '' } = publicKey.export({ format: 'jwk' });

/** An issuer whose key the tests hold. */
export const auth: AuthConfig = {
  jwt: {
    issuer: 'https://issuer.test',
    audience: 'spot.test',
    jwks: { keys: [{ kty, crv, x, kid: 'one', alg: 'EdDSA' }] },
  },
};

/** The header of a token with these claims; they go before those of a good one. */
export function bearer(claims: object): Record<string, string> {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const good = { iss: 'https://issuer.test', aud: 'spot.test', exp: Math.floor(Date.now() / 1_000) + 60 };
  const content = `${part({ alg: 'EdDSA', kid: 'one' })}.${part({ ...good, ...claims })}`;
  return { authorization: `Bearer ${content}.${sign(null, Buffer.from(content), privateKey).toString('base64url')}` };
}

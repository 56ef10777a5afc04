import type { JSONWebKeySet } from 'jose';

/** `spec.auth` of our resources: tokens of one issuer, for one audience. */
export interface AuthConfig {
  readonly jwt: { readonly issuer: string; readonly audience: string } & (
    | { readonly jwksURL: string }
    | { readonly jwks: JSONWebKeySet }
  );
}

/** Parses `spec.auth` as it arrives in a program's configuration. Throws an Error whose message names the field. */
export function parseAuthConfig(value: unknown): AuthConfig {
  const jwt = object(object(value, 'auth').jwt, 'auth.jwt');
  const issuer = text(jwt.issuer, 'auth.jwt.issuer');
  const audience = text(jwt.audience, 'auth.jwt.audience');
  if (jwt.jwks !== undefined) return { jwt: { issuer, audience, jwks: parseJwks(jwt.jwks) } };
  return { jwt: { issuer, audience, jwksURL: checkJwksUrl(text(jwt.jwksURL, 'auth.jwt.jwksURL')) } };
}

/** Keys fetched in clear could be swapped on the way: https, or http to a Service of the cluster or to loopback. */
export function checkJwksUrl(url: string): string {
  const { protocol, hostname } = URL.canParse(url) ? new URL(url) : { protocol: '', hostname: '' };
  const near =
    /(\.svc|\.svc\.cluster\.local)$/.test(hostname) || ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
  if (protocol === 'https:' || (protocol === 'http:' && near)) return url;
  throw new Error(`auth.jwt.jwksURL must be an https URL, or http to a *.svc host of this cluster, not "${url}"`);
}

function parseJwks(value: unknown): JSONWebKeySet {
  const parsed: unknown = typeof value === 'string' ? JSON.parse(value) : value;
  const { keys } = object(parsed, 'auth.jwt.jwks');
  if (!Array.isArray(keys) || keys.length === 0) throw new Error('auth.jwt.jwks must have a non-empty list "keys"');
  return { keys };
}

function object(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Error(`${name} must be an object`);
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(`${name} must be a non-empty string`);
}

import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { UsageError } from '@sluice/kit';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  exportPKCS8,
  generateKeyPair,
  importPKCS8,
  type JWK,
} from 'jose';

/** ES256: every verifier knows it. */
export const algorithm = 'ES256';

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** Reads a PKCS #8 PEM file, or makes a new key pair when no file is given: then a restart ends all tokens. */
export async function loadSigningKey(file: string | undefined): Promise<SigningKey> {
  const pem = file === undefined ? await newKey() : await readKeyFile(file);
  const privateKey = await importPKCS8(pem, algorithm).catch((error: unknown) => {
    throw new UsageError(`--key-file ${file} must hold a P-256 private key as PKCS #8 PEM (${String(error)})`);
  });
  const jwk = await exportJWK(createPublicKey(pem));
  const kid = await calculateJwkThumbprint(jwk);
  return { kid, privateKey, publicJwk: { ...jwk, kid, alg: algorithm, use: 'sig' } };
}

async function newKey(): Promise<string> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return exportPKCS8(privateKey);
}

async function readKeyFile(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`--key-file ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  });
}

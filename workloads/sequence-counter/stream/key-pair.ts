import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** TLS key of one process. It lives in memory only and is known to the others by its pin. */
export interface ProcessKey {
  /** PKCS #8, PEM. */
  readonly key: string;
  /** Self-signed, PEM. */
  readonly certificate: string;
  /** SHA-256 of the public key (SPKI, DER), base64url. */
  readonly pin: string;
}

/** Makes a key and a self-signed certificate: no authority and no Secret is needed when peers know the key itself. */
export function createProcessKey(podName: string): ProcessKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const body = certificateBody(podName, spki);
  const signature = sign('sha256', body, privateKey);
  const der = sequence(body, ecdsaWithSha256, tagged(0x03, Buffer.of(0), signature));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    pin: pinOf(publicKey),
  };
}

export function pinOf(publicKey: KeyObject): string {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('base64url');
}

/** The TBSCertificate of RFC 5280, section 4.1, with nothing in it that is not required. */
function certificateBody(podName: string, spki: Buffer): Buffer {
  const version3 = tagged(0xa0, tagged(0x02, Buffer.of(2)));
  const serial = tagged(0x02, Buffer.of(1));
  const commonName = sequence(objectId('550403'), tagged(0x0c, Buffer.from(podName.slice(0, 64))));
  const name = sequence(tagged(0x31, commonName));
  // Nobody checks the dates: peers compare the pin, which is published in the API for as long as the process lives.
  const always = sequence(generalizedTime('20200101000000Z'), generalizedTime('99991231235959Z'));
  return sequence(version3, serial, ecdsaWithSha256, name, always, name, spki);
}

/** DER: tag, length, content. */
function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, ...parts);
}

function objectId(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'));
}

function generalizedTime(text: string): Buffer {
  return tagged(0x18, Buffer.from(text));
}

const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'));

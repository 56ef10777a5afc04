import type { Auth } from '@sluice/api';
import type { ConditionInput } from '@sluice/runtime';

/** Why spec is not carried out. The last good state keeps running. */
export interface Refusal {
  /** CamelCase. */
  readonly reason: string;
  readonly message: string;
}

export function accepted(refusal: Refusal | undefined): ConditionInput {
  if (refusal !== undefined) return { type: 'Accepted', status: 'False', ...refusal };
  return { type: 'Accepted', status: 'True', reason: 'Valid', message: 'The operator does what spec says.' };
}

/** `open` says what anybody may do while no token is asked. */
export function authenticated(auth: Auth | undefined, open: string): ConditionInput {
  const type = 'Authenticated';
  if (auth === undefined) {
    const message = `No token is asked: whoever reaches the Service may ${open}. spec.auth changes that.`;
    return { type, status: 'False', reason: 'NoAuthentication', message };
  }
  const { issuer, audience } = auth.jwt;
  return { type, status: 'True', reason: 'JWT', message: `Tokens of ${issuer} for ${audience} are asked.` };
}

/** Fields that are set although nothing acts on them yet. */
export function unbuiltRefusal(unbuilt: readonly string[]): Refusal | undefined {
  if (unbuilt.length === 0) return undefined;
  return { reason: 'NotImplemented', message: `Not built yet: ${unbuilt.join(', ')}. The last good state stays.` };
}

/** A version that has no image in the catalogue. */
export function versionRefusal(version: string, images: Readonly<Record<string, string>>): Refusal | undefined {
  if (images[version] !== undefined) return undefined;
  const known = Object.keys(images).toSorted().join(', ');
  return { reason: 'UnknownVersion', message: `spec.version ${version} is not one of: ${known}.` };
}

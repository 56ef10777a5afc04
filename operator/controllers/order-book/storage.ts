import type { OrderBook } from '@sluice/api';
import type { ConditionInput, PersistentVolumeClaim, StatefulSet } from '@sluice/runtime';
import { quantityBytes } from './quantity.ts';

/** Volumes that are asked to be smaller than the spec says. */
export function claimsToGrow(book: OrderBook, claims: readonly PersistentVolumeClaim[]): PersistentVolumeClaim[] {
  const wanted = quantityBytes(book.spec.storage.size) ?? 0;
  return claims.filter((claim) => requested(claim) < wanted && claim.metadata.deletionTimestamp === undefined);
}

/** Size in the claim template: as it was first written, since the API server lets nobody change it. */
export function templateSize(book: OrderBook, statefulSet: StatefulSet | undefined): string {
  const [template] = statefulSet?.spec?.volumeClaimTemplates ?? [];
  return template?.spec?.resources?.requests?.storage ?? book.spec.storage.size;
}

export function volumeSized(
  book: OrderBook,
  claims: readonly PersistentVolumeClaim[],
  growingClasses: ReadonlySet<string>,
): ConditionInput {
  const type = 'VolumeSized';
  const { size } = book.spec.storage;
  const no = (reason: string, message: string): ConditionInput => ({ type, status: 'False', reason, message });
  if (claims.length === 0) return no('NoVolume', 'The volume is still to be made.');
  const stuck = claimsToGrow(book, claims).find(({ spec }) => !growingClasses.has(spec?.storageClassName ?? ''));
  if (stuck !== undefined) {
    const { spec, metadata } = stuck;
    return no(
      'GrowthNotSupported',
      `Volume ${metadata.name} stays at ${spec?.resources?.requests?.storage}: storage class ${spec?.storageClassName} does not let volumes grow to ${size}.`,
    );
  }
  const wanted = quantityBytes(size) ?? 0;
  const growing = claims.find((claim) => {
    const capacity = claim.status?.capacity?.storage;
    return capacity !== undefined && (quantityBytes(capacity) ?? 0) < wanted;
  });
  if (growing !== undefined) return no('Growing', `Volume ${growing.metadata.name} is growing to ${size}.`);
  return { type, status: 'True', reason: 'AsSpecified', message: `The volume has the ${size} that spec asks for.` };
}

/**
 * Whether deleting the StatefulSet now does to the volumes what the spec says. Its controller records that on the claims, as an
 * owner reference; a claim that still has the wrong one would be lost, or left behind.
 */
export function retentionSettled(
  book: OrderBook,
  statefulSet: StatefulSet | undefined,
  claims: readonly PersistentVolumeClaim[],
): boolean {
  if (statefulSet === undefined) return true;
  const { deletionPolicy } = book.spec;
  if (statefulSet.spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted !== deletionPolicy) return false;
  const goesWithIt = ({ metadata }: PersistentVolumeClaim): boolean =>
    metadata.ownerReferences?.some(({ uid }) => uid === statefulSet.metadata.uid) === true;
  return claims.every((claim) => goesWithIt(claim) === (deletionPolicy === 'Delete'));
}

function requested(claim: PersistentVolumeClaim): number {
  return quantityBytes(claim.spec?.resources?.requests?.storage ?? '0') ?? 0;
}

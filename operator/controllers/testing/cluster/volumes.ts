import { keyOf, PersistentVolumeClaim } from '@sluice/runtime';
import { StorageClass } from '../../order-book/observe.ts';
import type { Part, PartInput } from './part.ts';

/** The provisioner: binds claims, and lets them grow where their class does. */
export function volumes({ stage, client }: PartInput): Part {
  return {
    async sync() {
      for (const claim of stage.objects(PersistentVolumeClaim)) {
        const storage = claim.spec?.resources?.requests?.storage ?? '';
        const { phase, capacity } = claim.status ?? {};
        if (phase === 'Bound' && capacity?.storage === storage) continue;
        const storageClass = stage.find(StorageClass, { namespace: '', name: claim.spec?.storageClassName ?? '' });
        if (phase === 'Bound' && storageClass?.allowVolumeExpansion !== true) continue;
        const status = { phase: 'Bound', capacity: { storage } };
        await client.mergePatch(PersistentVolumeClaim, keyOf(claim), { status }, { subresource: 'status' });
      }
    },
  };
}

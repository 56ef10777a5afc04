import type { ImageCatalog } from '@sluice/api';
import { brokenImage } from '../cluster/kubelets.ts';

/** The last version has an image that never gets ready; any other version is unknown. */
export const catalog: ImageCatalog = {
  drain: 'drain:1',
  orderBook: { '1.0.0': 'book:1', '1.1.0': 'book:2', '6.6.6': `book:${brokenImage}` },
  sequenceCounter: { '1.0.0': 'counter:1', '1.1.0': 'counter:2', '6.6.6': `counter:${brokenImage}` },
};

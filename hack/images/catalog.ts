import type { ImageCatalog } from '@sluice/api';
import { stringify } from 'yaml';
import { defaultVersion } from './build.ts';

/** The images that the operator starts in other people's namespaces. */
export const catalogImages = ['drain', 'order-book', 'sequence-counter'] as const;

/** What the operator's `--catalog` file holds for freshly built images: one version of each, the default one. */
export function imageCatalog(refs: Readonly<Record<(typeof catalogImages)[number], string>>): ImageCatalog {
  return {
    drain: refs.drain,
    orderBook: { [defaultVersion]: refs['order-book'] },
    sequenceCounter: { [defaultVersion]: refs['sequence-counter'] },
  };
}

export function catalogYaml(catalog: ImageCatalog): string {
  return stringify(catalog);
}

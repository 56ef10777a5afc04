import { resolve } from 'node:path';
import { layout } from '../../hack/cluster/layout.ts';

/** Where programs, environments and results of this benchmark live; the sources stay clean. */
export const places = {
  root: resolve(import.meta.dirname, '../..'),
  operators: resolve(import.meta.dirname, 'operators'),
  /** Builds are shared by all clones of one user, as those of the cluster are. */
  builds: resolve(layout().root, 'bench'),
  results: resolve(import.meta.dirname, '../../.cache/bench/runtime'),
};

import { join } from 'node:path';
import { ensureBinaries } from '../cluster/binaries.ts';

/** Paths of the programs of a control plane; they are built from Go modules where they are missing (minutes, once). */
export async function controlPlaneBinaries(): Promise<{ etcd: string; hyperkube: string }> {
  const folder = await ensureBinaries(['etcd', 'hyperkube']);
  return { etcd: join(folder, 'etcd'), hyperkube: join(folder, 'hyperkube') };
}

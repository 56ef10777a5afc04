import { join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startControlPlane } from './control-plane.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Path of a kubeconfig with all rights on the control plane of this test run. */
    kubeconfig: string;
    /** Address of its etcd. */
    etcd: string;
  }
}

/** One control plane for the whole run of project `integration`; each test makes its own namespace. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const plane = await startControlPlane({ crds: [join(resolve(import.meta.dirname, '../..'), 'crds')] });
  project.provide('kubeconfig', plane.kubeconfigPath);
  project.provide('etcd', plane.etcd);
  return plane.stop;
}

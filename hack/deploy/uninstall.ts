import type { Step } from '../screen/screen.ts';
import type { Kubectl } from './kubectl.ts';

/**
 * Removes operator and CRDs. Refuses while a resource of ours is left: without the operator nobody would finish its
 * deletion, and with the CRD its data would go too.
 */
export async function uninstallOperator(kubectl: Kubectl, step: Step): Promise<void> {
  const left = await remainingResources(kubectl);
  if (left.length > 0) {
    throw new Error(`still there, and in need of the operator: ${left.join(', ')}; delete them first`);
  }
  step.update('operator');
  await kubectl('delete', '-k', 'config/default', '--ignore-not-found', '--wait=true', '--timeout=120s');
  step.update('CRDs');
  await kubectl('delete', '-f', 'crds/', '--ignore-not-found', '--timeout=60s');
}

async function remainingResources(kubectl: Kubectl): Promise<string[]> {
  const installed = (await kubectl('api-resources', '--api-group=sluice.dev', '-o', 'name')).trim();
  if (installed === '') return [];
  const names = await kubectl('get', installed.split('\n').join(','), '-A', '--no-headers', '-o', columns);
  return names.split('\n').flatMap((line) => {
    const [kind, namespace, name] = line.trim().split(/\s+/);
    return name === undefined ? [] : [`${kind} ${namespace}/${name}`];
  });
}

const columns = 'custom-columns=KIND:.kind,NAMESPACE:.metadata.namespace,NAME:.metadata.name';

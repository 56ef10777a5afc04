import { loadImages } from '../cluster/env.ts';
import { buildImages } from '../images/build.ts';
import { catalogImages, catalogYaml, imageCatalog } from '../images/catalog.ts';
import type { Step } from '../screen/screen.ts';
import type { Kubectl } from './kubectl.ts';
import { writeOverlay } from './overlay.ts';
import { rolledOut } from './rollout.ts';

export const operatorNamespace = 'sluice-system';

export type OperatorRefs = Readonly<Record<'operator' | (typeof catalogImages)[number], string>>;

/** Builds the operator's image and those it starts, and loads them into the kind cluster unless `load` is false. */
export async function operatorImages(step: Step, { load }: { load: boolean }): Promise<OperatorRefs> {
  const refs = await buildImages(['operator', ...catalogImages], { report: (line) => step.update(line) });
  if (load) {
    step.update('loading into the nodes');
    await loadImages(Object.values(refs));
  }
  return refs;
}

/**
 * Installs or updates CRDs and operator and waits until the new pods are ready. Nothing changes, and nothing restarts,
 * when the cluster has it all already.
 */
export async function installOperator(kubectl: Kubectl, refs: OperatorRefs, step: Step): Promise<void> {
  step.update('CRDs');
  await kubectl('apply', '--server-side', '--force-conflicts', '-f', 'crds/');
  await kubectl('wait', '--for=condition=Established', '--timeout=60s', '-f', 'crds/');
  await untilNotTerminating(kubectl, step);
  step.update('operator');
  const folder = await writeOverlay({
    name: 'operator',
    base: 'config/default',
    images: { 'sluice/operator': refs.operator },
    configMap: { name: 'sluice-catalog', files: { 'catalog.yaml': catalogYaml(imageCatalog(refs)) } },
  });
  await kubectl('apply', '--server-side', '--force-conflicts', '-k', folder);
  await rolledOut(kubectl, operatorNamespace, 'deployment/sluice-operator', step);
  await removeOldCatalogs(kubectl);
}

/** A removal that somebody has just begun ends first: nothing can be made in a namespace that is on its way out. */
async function untilNotTerminating(kubectl: Kubectl, step: Step): Promise<void> {
  const phase = await kubectl(
    'get',
    'namespace',
    operatorNamespace,
    '--ignore-not-found',
    '-o=jsonpath={.status.phase}',
  );
  if (phase.trim() !== 'Terminating') return;
  step.update('waiting for the old namespace to go');
  await kubectl('wait', '--for=delete', `namespace/${operatorNamespace}`, '--timeout=180s');
}

/** Each catalogue is a ConfigMap of its own; those before the present one have nobody left who reads them. */
async function removeOldCatalogs(kubectl: Kubectl): Promise<void> {
  const inNamespace = ['-n', operatorNamespace];
  const current = '-o=jsonpath={.spec.template.spec.volumes[?(@.name=="catalog")].configMap.name}';
  const used = (await kubectl('get', 'deployment/sluice-operator', ...inNamespace, current)).trim();
  const all = await kubectl('get', 'configmaps', ...inNamespace, '-o', 'name');
  const old = all.split('\n').filter((name) => name.startsWith('configmap/sluice-catalog-') && !name.endsWith(used));
  if (used !== '' && old.length > 0) await kubectl('delete', ...inNamespace, ...old);
}

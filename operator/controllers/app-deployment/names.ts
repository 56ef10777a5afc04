import { createHash } from 'node:crypto';
import type { AppDeployment } from '@sluice/api';
import { canonicalJson } from '@sluice/runtime';
import { podLabels } from '../children/labels.ts';

/** The container that runs the app; a template adds to it under this name. */
export const appContainer = 'app';
/** The initContainer that brings the drain agent, and the volume it brings it in. */
export const drainInstaller = 'sluice-drain';
export const drainVolume = 'sluice-drain';
export const drainFolder = '/sluice-drain';
/** Where the agent shows its counts while it drains: below the ephemeral ports, so that no outgoing connection has it. */
export const drainLivePort = 29090;

export const revisionLabel = 'sluice.dev/revision';
/** Keeps an ended pod until its drain report has been counted. */
export const podFinalizer = 'sluice.dev/drain-report';
/** Seconds after which the pod's own agent ends the drain. */
export const deadlineAnnotation = 'sluice.dev/drain-deadline-seconds';

/** Labels of every pod of the app, whatever its revision: what the stable Service selects. */
export function appLabels(name: string): Record<string, string> {
  return podLabels('app-deployment', name);
}

/** Labels of the pods of one revision: selector of its ReplicaSet and Service, never changed. */
export function revisionLabels(name: string, revision: string): Record<string, string> {
  return { ...appLabels(name), [revisionLabel]: revision };
}

/** Name of the ReplicaSet and of the Service of one revision. At most 49 characters: names are at most 40. */
export function revisionName(name: string, revision: string): string {
  return `${name}-${revision}`;
}

/**
 * Eight hex digits over what makes two pods different programs: version, image, container ports, template. How they are
 * replaced and drained is left out, so changing that never restarts a pod.
 */
export function revisionOf({ version, image, ports, template }: AppDeployment['spec']): string {
  const content = {
    version,
    image,
    ports: ports.map(({ name, containerPort }) => ({ name, containerPort })),
    template: template ?? {},
  };
  return createHash('sha256').update(canonicalJson(content)).digest('hex').slice(0, 8);
}

import type { AppDeployment } from '@sluice/api';
import type { Pod } from '@sluice/runtime';
import { managedByLabel } from '../children/labels.ts';
import { restrictedContainer, restrictedPod } from '../children/pod-security.ts';
import {
  appContainer,
  deadlineAnnotation,
  drainFolder,
  drainInstaller,
  drainLivePort,
  drainVolume,
  podFinalizer,
  revisionLabels,
} from './names.ts';

type Spec = AppDeployment['spec'];
export type PodSpec = NonNullable<Pod['spec']>;
export type Container = PodSpec['containers'][number];

/** What a pod template in the API is: metadata without a name, and a pod spec. */
export interface PodTemplate {
  metadata: { labels: Record<string, string>; annotations: Record<string, string>; finalizers: string[] };
  spec: PodSpec;
}

/** The port whose connections belong to scrapers and probes, by the convention of Prometheus' pod discovery. */
const metricsPortName = 'metrics';
/** Time that the app has from SIGTERM to SIGKILL when the template does not say. The default of Kubernetes. */
const appGraceSeconds = 30;
/** The agent always leaves the app at least this much of the grace period. */
const leastAppGraceSeconds = 10;
/**
 * A liveness restart runs the preStop hook too. An app that fails its liveness probe is not going to finish anything,
 * so it gets little time; without this limit it would get the whole drain (kubernetes/kubernetes#64715).
 */
const livenessGraceSeconds = 10;
/** The agent's binary is 3 MB. */
const drainVolumeSize = '16Mi';

/** Ports whose connections the drain waits for: all but the metrics port, unless there is no other. */
export function drainedPorts({ ports }: Pick<Spec, 'ports'>): number[] {
  const app = ports.filter(({ name }) => name !== metricsPortName);
  return (app.length > 0 ? app : ports).map(({ containerPort }) => containerPort);
}

/** Why this template cannot be drained, as a sentence; undefined when it can. */
export function templateRefusal({ template }: Pick<Spec, 'template'>): string | undefined {
  const spec = template?.spec;
  if (spec === undefined) return undefined;
  if (spec.hostNetwork)
    return 'template.spec.hostNetwork: the connections of a pod on the host network cannot be told from those of its node';
  if (spec.shareProcessNamespace) {
    return 'template.spec.shareProcessNamespace: the end of the app cannot be observed in a shared process namespace';
  }
  const hooked = spec.containers?.find((container) => container.lifecycle?.preStop !== undefined);
  if (hooked !== undefined) {
    return `template.spec.containers[${hooked.name}].lifecycle.preStop: a container has one preStop hook, and the drain is it; do what it does on SIGTERM instead`;
  }
  const reserved = [...(spec.initContainers ?? []), ...(spec.volumes ?? [])].find(
    ({ name }) => name === drainInstaller,
  );
  if (reserved !== undefined) return `template.spec: the name ${drainInstaller} is taken by the drain agent`;
  return undefined;
}

/** The pod template of the revision that `spec` describes. `drainImage` is the agent's image of this revision. */
export function podTemplate(name: string, revision: string, spec: Spec, drainImage: string): PodTemplate {
  const { metadata, spec: user = {} } = spec.template ?? {};
  const containers = user.containers ?? [];
  const own = containers.find((container) => container.name === appContainer) ?? { name: appContainer };
  const others = containers.filter((container) => container.name !== appContainer);
  return {
    metadata: {
      labels: {
        ...metadata?.labels,
        ...managedByLabel,
        'app.kubernetes.io/version': spec.version,
        ...revisionLabels(name, revision),
      },
      annotations: { ...metadata?.annotations, [deadlineAnnotation]: String(spec.drain.deadlineSeconds) },
      finalizers: [podFinalizer],
    },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      ...user,
      terminationGracePeriodSeconds: graceSeconds(spec),
      securityContext: {
        ...restrictedPod,
        ...user.securityContext,
      },
      initContainers: [installer(drainImage), ...(user.initContainers ?? []).map(restricted)],
      containers: [
        held(spec, app(spec, own)),
        // A proxy beside the app that stopped at once would cut what the app still serves.
        ...others.map((container) => held(spec, container)),
      ],
      volumes: [...(user.volumes ?? []), { name: drainVolume, emptyDir: { sizeLimit: drainVolumeSize } }],
    },
  };
}

/** Grace period of the pod: the drain, then what the app needs. */
export function graceSeconds({ drain, template }: Pick<Spec, 'drain' | 'template'>): number {
  const app = template?.spec?.terminationGracePeriodSeconds ?? appGraceSeconds;
  return drain.deadlineSeconds + Math.max(leastAppGraceSeconds, app);
}

function installer(image: string): Container {
  return restricted({
    name: drainInstaller,
    image,
    imagePullPolicy: 'IfNotPresent',
    args: ['install', drainFolder],
    volumeMounts: [{ name: drainVolume, mountPath: drainFolder }],
    resources: { requests: { cpu: '5m', memory: '8Mi' }, limits: { memory: '32Mi' } },
  });
}

/** The app's container with image, ports and a readiness probe. Fields of `spec` win over the template. */
function app(spec: Spec, own: Partial<Container> & { name: string }): Container {
  const declared = spec.ports.map(({ name, containerPort }) => ({ name, containerPort, protocol: 'TCP' }));
  const more = (own.ports ?? []).filter(({ name }) => !declared.some((port) => port.name === name));
  const [main] = declared;
  const readinessProbe = own.readinessProbe ?? {
    tcpSocket: { port: main?.name ?? 0 },
    periodSeconds: 2,
  };
  return { ...own, image: spec.image, ports: [...declared, ...more], readinessProbe };
}

/** A container that the drain agent holds, with the security that Pod Security `restricted` asks for. */
function held(spec: Spec, container: Container): Container {
  const isApp = container.name === appContainer;
  return restricted({
    ...container,
    ...(container.livenessProbe === undefined
      ? {}
      : {
          livenessProbe: { terminationGracePeriodSeconds: livenessGraceSeconds, ...container.livenessProbe },
        }),
    volumeMounts: [...(container.volumeMounts ?? []), { name: drainVolume, mountPath: drainFolder, readOnly: true }],
    lifecycle: {
      ...container.lifecycle,
      preStop: { exec: { command: waitCommand(spec, container.terminationMessagePath, isApp) } },
    },
  });
}

function waitCommand(spec: Spec, messagePath: string | undefined, isApp: boolean): string[] {
  const { mode, quietSeconds, deadlineSeconds } = spec.drain;
  return [
    `${drainFolder}/drain`,
    'wait',
    ...drainedPorts(spec).flatMap((port) => ['--port', String(port)]),
    ...['--mode', mode.toLowerCase()],
    ...['--quiet', `${quietSeconds}s`],
    ...['--deadline', `${deadlineSeconds}s`],
    ...(messagePath === undefined ? [] : ['--message', messagePath]),
    ...(isApp ? ['--live', `:${drainLivePort}`] : []),
  ];
}

function restricted<C extends Container>(container: C): C {
  return {
    ...container,
    securityContext: {
      ...restrictedContainer,
      ...container.securityContext,
    },
  };
}

/** The drain agent's image in a template that was rendered before. */
export function drainImageOf(template: { spec?: Partial<PodSpec> } | undefined): string | undefined {
  return template?.spec?.initContainers?.find(({ name }) => name === drainInstaller)?.image;
}

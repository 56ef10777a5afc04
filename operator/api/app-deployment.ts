import type { KubeObject, Pod, Resource } from '@sluice/runtime';
import {
  ageColumn,
  commonConditions,
  conditionColumn,
  GROUP,
  type KindDefinition,
  nameRules,
  VERSION,
} from './kind.ts';
import {
  choice,
  countOrPercent,
  flag,
  foreign,
  integer,
  listBy,
  listOf,
  object,
  optional,
  type Static,
  stringMap,
  text,
  textLike,
  time,
} from './schema.ts';
import { commonStatus, decimal, expose, label } from './shared-fields.ts';

const port = object('A port of the app.', {
  name: textLike('Name of the port, unique in the list.', {
    max: 15,
    expression: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
    message: 'must be at most 15 lower-case letters, digits and "-", such as "http"',
    rules: [
      { rule: "self.matches('[a-z]')", message: 'must contain a letter' },
      {
        rule: "!self.startsWith('sluice-')",
        message: 'may not start with "sluice-", which the operator keeps for itself',
      },
    ],
  }),
  containerPort: integer('Port the app listens on (TCP), 1 to 65535.', { min: 1, max: 65535 }),
  servicePort: optional(
    integer('Port of the Service, 1 to 65535; absent: the same as containerPort.', { min: 1, max: 65535 }),
  ),
});

const strategy = object(
  'How a new version takes over from the old one.',
  {
    type: choice(
      'Rolling replaces pods in small steps; Canary shifts traffic in steps; BlueGreen switches at once.',
      ['Rolling', 'Canary', 'BlueGreen'],
      { default: 'Rolling', unbuilt: { values: ['Canary', 'BlueGreen'] } },
    ),
    rolling: object(
      'Step size of type Rolling.',
      {
        maxSurge: countOrPercent('Extra pods during a rollout: a count, or a percentage of replicas rounded up.', {
          default: '25%',
        }),
        maxUnavailable: countOrPercent(
          'Pods that may be missing during a rollout: a count, or a percentage of replicas rounded down.',
          { default: 0 },
        ),
      },
      {
        default: {},
        rules: [
          {
            rule: "!(string(self.maxSurge) in ['0', '0%'] && string(self.maxUnavailable) in ['0', '0%'])",
            message: 'maxSurge and maxUnavailable may not both be 0: one of them must leave room to replace a pod',
          },
        ],
      },
    ),
    canary: optional(
      object('Steps of type Canary.', {
        steps: listOf(
          object('One step.', {
            weight: integer('Share of the traffic for the new version, 1 to 100 percent.', { min: 1, max: 100 }),
            pauseSeconds: integer('Wait after this step, 0 to 86400 seconds.', { min: 0, max: 86_400, default: 60 }),
            analysis: listOf(
              label('Name of an entry of spec.analysis.'),
              'Entries of spec.analysis that must pass before the next step; empty: all.',
              { max: 10, default: [] },
            ),
          }),
          'Traffic shares in order, at most 20.',
          {
            min: 1,
            max: 20,
            rules: [
              {
                rule: 'self.map(s, s.weight).isSorted()',
                message: 'weights must not fall from one step to the next, such as 10, 50, 100',
              },
            ],
          },
        ),
      }),
    ),
    blueGreen: optional(
      object('Switch of type BlueGreen.', {
        autoPromote: flag('Switch as soon as all new pods are ready; false waits for an order.', { default: true }),
        scaleDownDelaySeconds: integer('Old pods are kept so long after the switch, 0 to 86400 seconds.', {
          min: 0,
          max: 86_400,
          default: 30,
        }),
      }),
    ),
  },
  {
    default: {},
    rules: [
      {
        rule: "has(self.canary) == (self.type == 'Canary')",
        message: 'canary must be given with type Canary and only with it',
      },
      {
        rule: "!has(self.blueGreen) || self.type == 'BlueGreen'",
        message: 'blueGreen is accepted only with type BlueGreen',
      },
    ],
  },
);

const drain = object(
  'How a pod of an old version is retired without interrupting its connections.',
  {
    mode: choice(
      'Request lets the app finish its requests on SIGTERM; Connection waits for zero connections; Hook calls the app; Auto is Connection until the app has shown that Request is safe.',
      ['Auto', 'Request', 'Connection', 'Hook'],
      { default: 'Auto', unbuilt: { values: ['Hook'] } },
    ),
    quietSeconds: integer('No new connection for so long means clients have moved on, 0 to 60 seconds.', {
      min: 0,
      max: 60,
      default: 3,
    }),
    deadlineSeconds: integer('After so long the remaining connections are cut and counted, 1 to 86400 seconds.', {
      min: 1,
      max: 86_400,
      default: 300,
    }),
    maxDraining: integer('Pods that may drain at the same time before a rollout waits, 1 to 1000.', {
      min: 1,
      max: 1000,
      default: 10,
    }),
    hook: optional(
      object(
        'What mode Hook calls when a pod starts to drain.',
        {
          path: textLike('Path of the POST request.', {
            max: 256,
            expression: '^/[!-~]*$',
            message: 'must start with "/" and have no spaces',
          }),
          portName: label('Name of the port of spec.ports to call.', 15),
        },
        { unbuilt: true },
      ),
    ),
    longLived: optional(
      choice(
        'Hold keeps streams (WebSocket, SSE) open until the deadline; Close ends them with the last request.',
        ['Hold', 'Close'],
        { unbuilt: true },
      ),
    ),
  },
  {
    default: {},
    rules: [
      {
        rule: 'self.deadlineSeconds >= self.quietSeconds',
        message: 'deadlineSeconds must be at least quietSeconds',
      },
      {
        rule: "has(self.hook) == (self.mode == 'Hook')",
        message: 'hook must be given with mode Hook and only with it',
      },
    ],
  },
);

const analysis = listBy(
  'name',
  object(
    'One measurement that a new version must pass.',
    {
      name: label('Name of the measurement, unique in the list.'),
      query: text('PromQL query with one result; $revision is replaced by the hash of the new revision.', {
        max: 2048,
      }),
      min: optional(decimal('Smallest accepted result, a decimal string.')),
      max: optional(decimal('Largest accepted result, a decimal string.')),
      minimumSamples: integer('Fewer samples than this make the result inconclusive, 0 to 1000000.', {
        min: 0,
        max: 1_000_000,
        default: 100,
      }),
    },
    {
      rules: [
        { rule: 'has(self.min) || has(self.max)', message: 'must have min, max or both: what result is accepted' },
      ],
    },
  ),
  'Measurements that decide whether a rollout goes on, at most 10.',
  { max: 10, unbuilt: true },
);

const spec = object('What should run and how it is replaced.', {
  version: textLike('Version of the app, shown everywhere; changing it starts a rollout.', {
    max: 63,
    expression: '^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$',
    message: 'must be letters, digits, ".", "_" and "-", starting and ending with a letter or digit, such as "1.4.2"',
  }),
  image: textLike('Container image of the app; changing it starts a rollout.', {
    max: 512,
    expression: '^[A-Za-z0-9][A-Za-z0-9._:/@-]*$',
    message: 'must be an image reference without spaces, such as "registry.example/app:1.4.2"',
  }),
  replicas: integer('Number of pods, 0 to 1000; an autoscaler changes it.', { min: 0, max: 1000, default: 1 }),
  ports: listBy('name', port, 'Ports of the app; the first one is the main one. 1 to 16.', {
    min: 1,
    max: 16,
    rules: [
      {
        rule: 'self.all(p, self.exists_one(q, q.containerPort == p.containerPort))',
        message: 'containerPort must be different for each port',
      },
      {
        rule: 'self.all(p, self.exists_one(q, (has(q.servicePort) ? q.servicePort : q.containerPort) == (has(p.servicePort) ? p.servicePort : p.containerPort)))',
        message: 'servicePort (containerPort where it is absent) must be different for each port',
      },
    ],
  }),
  template: optional(
    object(
      'Pod template merged under the fields above, for when an image is not enough; the app’s container is named app.',
      {
        metadata: optional(
          object('Labels and annotations for the pods.', {
            labels: optional(stringMap('Labels for the pods, at most 32.', 32)),
            annotations: optional(stringMap('Annotations for the pods, at most 64.', 64)),
          }),
        ),
        spec: optional(
          foreign<Partial<NonNullable<Pod['spec']>>>(
            'A pod spec as in a Deployment; containers, volumes and the like are merged by name.',
          ),
        ),
      },
    ),
  ),
  strategy,
  drain,
  analysis: optional(analysis),
  rollback: optional(
    object(
      'What happens when a rollout fails.',
      {
        automatic: flag('Go back to the last good version by itself.', { default: true }),
        onFailedAnalysis: choice('What a failed measurement does.', ['Rollback', 'Pause'], { default: 'Rollback' }),
      },
      { unbuilt: true },
    ),
  ),
  progressDeadlineSeconds: integer(
    'A rollout without progress for so long is reported as stalled, 10 to 86400 seconds.',
    { min: 10, max: 86_400, default: 600 },
  ),
  autoscaling: optional(
    object(
      'Number of pods by load; makes a HorizontalPodAutoscaler.',
      {
        minReplicas: integer('Fewest pods, 1 to 1000.', { min: 1, max: 1000, default: 1 }),
        maxReplicas: integer('Most pods, 1 to 1000.', { min: 1, max: 1000 }),
        targetCPUUtilizationPercentage: integer('Target of CPU use in percent of the requests, 1 to 100.', {
          min: 1,
          max: 100,
          default: 60,
        }),
      },
      { rules: [{ rule: 'self.minReplicas <= self.maxReplicas', message: 'minReplicas must be at most maxReplicas' }] },
    ),
  ),
  disruption: object(
    'Pods that node maintenance may take away at the same time; makes a PodDisruptionBudget.',
    {
      maxUnavailable: countOrPercent('Pods that may be away: a count, or a percentage of replicas rounded up.', {
        default: 1,
      }),
    },
    { default: {} },
  ),
  expose: optional(expose()),
  paused: flag('Hold the rollout where it is; pods that die are still replaced.', { default: false }),
  revisionHistoryLimit: integer('Old revisions kept to go back to, 0 to 100.', { min: 0, max: 100, default: 5 }),
});

const count = (description: string) => integer(description, { min: 0, max: Number.MAX_SAFE_INTEGER });

const outcomes = object('How the connections of retired pods ended; of one pod: once it has ended.', {
  drained: count('Ended by themselves while the pod drained.'),
  closedByApp: count('Closed by the app after SIGTERM, within its grace.'),
  severedByDeadline: count('Cut because the deadline passed.'),
  severedByNode: count('Cut because the node went away.'),
  unknown: count('Not observed.'),
  podsWithoutReport: count('Pods that ended and left no report, so their connections are not in the counts.'),
});

const status = object('What the operator last observed.', {
  ...commonStatus(),
  updatedReplicas: optional(integer('Pods of the current revision.', { min: 0, max: 10_000 })),
  currentRevision: optional(text('Hash of the revision that spec describes.', { max: 63 })),
  drainingPods: optional(integer('Pods that are draining now.', { min: 0, max: 10_000 })),
  openConnections: optional(count('Connections still open on draining pods.')),
  revisions: optional(
    listBy(
      'hash',
      object('One revision of the app.', {
        hash: text('Hash of the pod template.', { max: 63 }),
        version: text('Version of the revision.', { max: 63 }),
        image: text('Image of the revision.', { max: 512 }),
        weight: integer('Share of the traffic in percent.', { min: 0, max: 100 }),
        replicas: integer('Pods that are not being deleted.', { min: 0, max: 10_000 }),
        readyReplicas: integer('Pods that are ready.', { min: 0, max: 10_000 }),
        draining: optional(
          listBy(
            'pod',
            object('A pod that is draining.', {
              pod: text('Name of the pod.', { max: 253 }),
              openConnections: optional(count('Connections still open; absent while not yet observed.')),
              idleConnections: optional(count('Open connections on which no byte moved for the quiet period.')),
              oldestSeconds: optional(count('Age of the oldest open connection in seconds.')),
              deadlineTime: optional(time('When the remaining connections are cut.')),
              connections: optional(outcomes),
            }),
            'Pods that are draining, at most 100 are listed.',
            { max: 100 },
          ),
        ),
        connections: optional(outcomes),
      }),
      'Revisions that have pods, the current one first.',
      { max: 100 },
    ),
  ),
  lastRollout: optional(
    object('Report of the latest rollout.', {
      from: optional(text('Version before; absent for the first one.', { max: 63 })),
      to: text('Version after.', { max: 63 }),
      startTime: time('When it started.'),
      completionTime: optional(time('When the last old pod was gone; absent while it runs.')),
      durationSeconds: optional(count('Time from start to completion in seconds.')),
      connections: outcomes,
    }),
  ),
});

export type AppDeploymentSpec = Static<typeof spec>;
export type AppDeploymentStatus = Static<typeof status>;
export type ConnectionOutcomes = Static<typeof outcomes>;

export type AppDeployment = KubeObject & { spec: AppDeploymentSpec; status?: AppDeploymentStatus };
export const AppDeployment: Resource<AppDeployment> = {
  group: GROUP,
  version: VERSION,
  kind: 'AppDeployment',
  plural: 'appdeployments',
  namespaced: true,
};

export const appDeploymentKind: KindDefinition<AppDeployment> = {
  resource: AppDeployment,
  singular: 'appdeployment',
  shortName: 'appd',
  description: 'An app whose new versions roll out without interrupting connections to the old version.',
  spec,
  status,
  rules: nameRules,
  conditions: {
    ...commonConditions,
    Progressing: 'A rollout is complete or moves on. False when it has stalled, Unknown while it is paused.',
  },
  columns: [
    { name: 'Version', type: 'string', jsonPath: '.spec.version', description: 'Version asked for.' },
    conditionColumn('Ready', 'Ready', 'status'),
    {
      name: 'Updated',
      type: 'integer',
      jsonPath: '.status.updatedReplicas',
      description: 'Pods of the current revision.',
    },
    { name: 'Draining', type: 'integer', jsonPath: '.status.drainingPods', description: 'Pods that are draining.' },
    {
      name: 'Open-Connections',
      type: 'integer',
      jsonPath: '.status.openConnections',
      description: 'Connections still open on draining pods.',
    },
    ageColumn,
    { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas', description: 'Pods asked for.', wide: true },
    { name: 'Image', type: 'string', jsonPath: '.spec.image', description: 'Image asked for.', wide: true },
    conditionColumn('Reason', 'Ready', 'reason', true),
  ],
};

import { type Refusal, refusalsOf } from './refusals.ts';

const port = { name: 'http', containerPort: 8080 };
const good = { version: '1.0.0', image: 'registry.example/app:1.0.0', ports: [port] };
const { create, named } = refusalsOf('AppDeployment', good);

const canary = { steps: [{ weight: 10 }, { weight: 100 }] };
const host = { host: 'app.example.com' };
const measurement = { name: 'errors', query: 'sum(up)', max: '0.1' };

export const appDeploymentRefusals: readonly Refusal[] = [
  create('no image', { image: undefined }, 'spec.image: Required value'),
  create('no version', { version: undefined }, 'spec.version: Required value'),
  create('no ports', { ports: undefined }, 'spec.ports: Required value'),
  create('an empty list of ports', { ports: [] }, 'spec.ports in body should have at least 1 items'),
  create('a version with a space', { version: '1.0 beta' }, 'must be letters, digits, ".", "_" and "-"'),
  create('a version that is a number', { version: 1.4 }, 'must be of type string'),
  create('a version longer than a label', { version: 'v'.repeat(64) }, 'may not be more than 63 bytes'),
  create('an image with a space', { image: 'app :1' }, 'must be an image reference without spaces'),
  create('negative replicas', { replicas: -1 }, 'should be greater than or equal to 0'),
  create('too many replicas', { replicas: 1001 }, 'should be less than or equal to 1000'),
  create('half a replica', { replicas: 1.5 }, 'must be of type integer'),
  create('port 0', { ports: [{ ...port, containerPort: 0 }] }, 'should be greater than or equal to 1'),
  create('port 65536', { ports: [{ ...port, containerPort: 65_536 }] }, 'should be less than or equal to 65535'),
  create('a port name in capitals', { ports: [{ ...port, name: 'HTTP' }] }, 'must be at most 15 lower-case letters'),
  create('a port name of digits', { ports: [{ ...port, name: '80' }] }, 'must contain a letter'),
  create('a reserved port name', { ports: [{ ...port, name: 'sluice-x' }] }, 'may not start with "sluice-"'),
  create(
    'two ports of one name',
    { ports: [port, { ...port, containerPort: 8081 }] },
    'spec.ports[1]: Duplicate value: {"name":"http"}',
  ),
  create(
    'one container port twice',
    { ports: [port, { ...port, name: 'b', servicePort: 81 }] },
    'containerPort must be different for each port',
  ),
  create(
    'one service port twice',
    {
      ports: [
        { ...port, servicePort: 80 },
        { name: 'b', containerPort: 80 },
      ],
    },
    'servicePort (containerPort where it is absent) must be different for each port',
  ),
  create(
    'an unknown strategy',
    { strategy: { type: 'Recreate' } },
    'supported values: "Rolling", "Canary", "BlueGreen"',
  ),
  create(
    'canary steps without type Canary',
    { strategy: { canary } },
    'canary must be given with type Canary and only with it',
  ),
  create(
    'type Canary without steps',
    { strategy: { type: 'Canary' } },
    'canary must be given with type Canary and only with it',
  ),
  create(
    'canary weights that fall',
    { strategy: { type: 'Canary', canary: { steps: [{ weight: 50 }, { weight: 10 }] } } },
    'weights must not fall from one step to the next',
  ),
  create(
    'a canary weight of 0',
    { strategy: { type: 'Canary', canary: { steps: [{ weight: 0 }] } } },
    'should be greater than or equal to 1',
  ),
  create(
    'blueGreen with type Rolling',
    { strategy: { blueGreen: {} } },
    'blueGreen is accepted only with type BlueGreen',
  ),
  create(
    'no room to replace a pod',
    { strategy: { rolling: { maxSurge: 0, maxUnavailable: '0%' } } },
    'maxSurge and maxUnavailable may not both be 0',
  ),
  create(
    'a surge of 101 percent',
    { strategy: { rolling: { maxSurge: '101%' } } },
    'must be a count from 0 to 1000 or a percentage from "0%" to "100%"',
  ),
  create(
    'a negative surge',
    { strategy: { rolling: { maxSurge: -1 } } },
    'must be a count from 0 to 1000 or a percentage from "0%" to "100%"',
  ),
  create(
    'a drain deadline before the quiet period ends',
    { drain: { quietSeconds: 30, deadlineSeconds: 10 } },
    'deadlineSeconds must be at least quietSeconds',
  ),
  create(
    'a drain deadline of two days',
    { drain: { deadlineSeconds: 172_800 } },
    'should be less than or equal to 86400',
  ),
  create(
    'an unknown drain mode',
    { drain: { mode: 'Fast' } },
    'supported values: "Auto", "Request", "Connection", "Hook"',
  ),
  create(
    'drain mode Hook without a hook',
    { drain: { mode: 'Hook' } },
    'hook must be given with mode Hook and only with it',
  ),
  create('a drain hook in another mode', { drain: { hook: { path: '/drain', portName: 'http' } } }, 'only with it'),
  create('no pod may drain', { drain: { maxDraining: 0 } }, 'should be greater than or equal to 1'),
  create(
    'fewest pods above most pods',
    { autoscaling: { minReplicas: 5, maxReplicas: 2 } },
    'minReplicas must be at most maxReplicas',
  ),
  create('autoscaling without a maximum', { autoscaling: {} }, 'spec.autoscaling.maxReplicas: Required value'),
  create(
    'a CPU target of 0',
    { autoscaling: { maxReplicas: 2, targetCPUUtilizationPercentage: 0 } },
    'should be greater than or equal to 1',
  ),
  create('a disruption budget in words', { disruption: { maxUnavailable: 'half' } }, 'must be a count from 0 to 1000'),
  create(
    'a measurement without a limit',
    { analysis: [{ ...measurement, max: undefined }] },
    'must have min, max or both',
  ),
  create('a limit with a comma', { analysis: [{ ...measurement, max: '0,1' }] }, 'must be a decimal number in quotes'),
  create('an expose without a way in', { expose: host }, 'must have exactly one of gatewayName and ingressClassName'),
  create(
    'an expose with two ways in',
    { expose: { ...host, gatewayName: 'a', ingressClassName: 'b' } },
    'must have exactly one of gatewayName and ingressClassName',
  ),
  create('a host with a scheme', { expose: { host: 'https://a', gatewayName: 'a' } }, 'must be a host name such as'),
  create('a path without a slash', { expose: { ...host, path: 'a', gatewayName: 'a' } }, 'must start with "/"'),
  create('a progress deadline of 1 s', { progressDeadlineSeconds: 1 }, 'should be greater than or equal to 10'),
  create('a history of 101', { revisionHistoryLimit: 101 }, 'should be less than or equal to 100'),
  create('paused in words', { paused: 'yes' }, 'must be of type boolean'),
  named('a name that is too long', 'a'.repeat(41), 'metadata.name must be at most 40 characters'),
  named('a name that starts with a digit', '1app', 'starting with a letter'),
  named('a name with a dot', 'my.app', 'metadata.name must be lower-case letters, digits and "-"'),
];

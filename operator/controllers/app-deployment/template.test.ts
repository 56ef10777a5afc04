import { expect, test } from 'vitest';
import { podFinalizer, revisionOf } from './names.ts';
import { podTemplate, templateRefusal } from './template.ts';
import { sampleApp } from './testing/samples.ts';

test('a bare image becomes a drained, restricted pod', () => {
  const { spec } = sampleApp();
  expect(podTemplate('shop', '1234abcd', spec, 'sluice/drain:1')).toEqual({
    metadata: {
      labels: {
        'app.kubernetes.io/managed-by': 'sluice',
        'app.kubernetes.io/version': 'v1',
        'app.kubernetes.io/name': 'app-deployment',
        'app.kubernetes.io/instance': 'shop',
        'sluice.dev/revision': '1234abcd',
      },
      annotations: { 'sluice.dev/drain-deadline-seconds': '300' },
      finalizers: [podFinalizer],
    },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 330,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      initContainers: [
        {
          name: 'sluice-drain',
          image: 'sluice/drain:1',
          imagePullPolicy: 'IfNotPresent',
          args: ['install', '/sluice-drain'],
          volumeMounts: [{ name: 'sluice-drain', mountPath: '/sluice-drain' }],
          resources: { requests: { cpu: '5m', memory: '8Mi' }, limits: { memory: '32Mi' } },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
      containers: [
        {
          name: 'app',
          image: 'registry.example/shop:v1',
          ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
          readinessProbe: { tcpSocket: { port: 'http' }, periodSeconds: 2 },
          volumeMounts: [{ name: 'sluice-drain', mountPath: '/sluice-drain', readOnly: true }],
          lifecycle: {
            preStop: {
              exec: {
                command: [
                  ...['/sluice-drain/drain', 'wait', '--port', '8080', '--mode', 'auto', '--quiet', '3s'],
                  ...['--deadline', '300s', '--live', ':29090'],
                ],
              },
            },
          },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
      volumes: [{ name: 'sluice-drain', emptyDir: { sizeLimit: '16Mi' } }],
    },
  });
});

test('the template adds to it, and what it says about security and probes stands', () => {
  const { spec } = sampleApp({
    ports: [
      { name: 'http', containerPort: 8080 },
      { name: 'metrics', containerPort: 9090 },
    ],
    drain: { mode: 'Request', quietSeconds: 1, deadlineSeconds: 20, maxDraining: 1 },
    template: {
      metadata: { labels: { team: 'a', 'sluice.dev/revision': 'mine' }, annotations: { note: 'b' } },
      spec: {
        terminationGracePeriodSeconds: 45,
        securityContext: { runAsUser: 1000 },
        volumes: [{ name: 'cache', emptyDir: {} }],
        initContainers: [{ name: 'migrate', image: 'x' }],
        containers: [
          { name: 'proxy', image: 'envoy' },
          {
            name: 'app',
            image: 'ignored',
            env: [{ name: 'A', value: 'b' }],
            ports: [{ name: 'debug', containerPort: 9229 }],
            readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
            livenessProbe: { httpGet: { path: '/live', port: 'http' } },
            terminationMessagePath: '/run/last-words',
            volumeMounts: [{ name: 'cache', mountPath: '/cache' }],
            securityContext: { readOnlyRootFilesystem: true },
          },
        ],
      },
    },
  });
  const { metadata, spec: pod } = podTemplate('shop', '1234abcd', spec, 'sluice/drain:1');
  expect(metadata.labels).toMatchObject({ team: 'a', 'sluice.dev/revision': '1234abcd' });
  expect(metadata.annotations).toMatchObject({ note: 'b' });
  expect(pod.terminationGracePeriodSeconds).toBe(65);
  expect(pod.securityContext).toMatchObject({ runAsUser: 1000, runAsNonRoot: true });
  expect(pod.volumes?.map(({ name }) => name)).toEqual(['cache', 'sluice-drain']);
  expect(pod.initContainers?.map(({ name }) => name)).toEqual(['sluice-drain', 'migrate']);
  const [app, proxy] = pod.containers;
  expect(app).toMatchObject({
    name: 'app',
    image: 'registry.example/shop:v1',
    env: [{ name: 'A', value: 'b' }],
    ports: [{ name: 'http' }, { name: 'metrics' }, { name: 'debug' }],
    readinessProbe: { httpGet: { path: '/ready' } },
    livenessProbe: { httpGet: { path: '/live' }, terminationGracePeriodSeconds: 10 },
    volumeMounts: [{ name: 'cache' }, { name: 'sluice-drain', readOnly: true }],
    securityContext: { readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
  });
  const command = app?.lifecycle?.preStop?.exec?.command?.join(' ');
  expect(command).toContain('--port 8080 --mode request --quiet 1s --deadline 20s --message /run/last-words');
  expect(command).not.toContain('--port 9090');
  // The proxy stays while the app drains, on the same connections; one container shows the counts.
  expect(proxy?.lifecycle?.preStop?.exec?.command?.join(' ')).toContain('wait --port 8080');
  expect(proxy?.lifecycle?.preStop?.exec?.command).not.toContain('--live');
});

test.each([
  ['hostNetwork', { hostNetwork: true }],
  ['shareProcessNamespace', { shareProcessNamespace: true }],
  ['lifecycle.preStop', { containers: [{ name: 'app', lifecycle: { preStop: { sleep: { seconds: 1 } } } }] }],
  ['sluice-drain', { volumes: [{ name: 'sluice-drain', emptyDir: {} }] }],
])('a template with %s is refused by name', (word, spec) => {
  expect(templateRefusal({ template: { spec } })).toContain(word);
});

test('the revision is what the program is, not how it is replaced', () => {
  const base = sampleApp().spec;
  const same = { ...base, replicas: 9, drain: { ...base.drain, deadlineSeconds: 5 }, paused: true };
  expect(revisionOf(same)).toBe(revisionOf(base));
  expect(revisionOf({ ...base, template: {} })).toBe(revisionOf(base));
  const others = [
    { ...base, version: 'v2' },
    { ...base, image: 'x' },
    { ...base, ports: [{ name: 'http', containerPort: 81 }] },
    { ...base, template: { metadata: { labels: { a: 'b' } } } },
  ];
  expect(new Set([base, ...others].map(revisionOf)).size).toBe(5);
  expect(revisionOf({ ...base, template: { metadata: { labels: { a: '1', b: '2' } } } })).toBe(
    revisionOf({ ...base, template: { metadata: { labels: { b: '2', a: '1' } } } }),
  );
});

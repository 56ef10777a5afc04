/** A pod as the API server sends it, about 2.5 kB of JSON, a fifth of it managedFields: the object of the measurements. */
export function samplePod(index: number, resourceVersion: number) {
  const name = `web-6d4cf56db6-${String(index).padStart(5, '0')}`;
  const time = '2026-03-04T05:06:07Z';
  const condition = (type: string) => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: time });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      generateName: 'web-6d4cf56db6-',
      namespace: `team-${index % 10}`,
      uid: `0f5a7a3e-5a0c-4b1e-9d6a-${String(index).padStart(12, '0')}`,
      resourceVersion: String(resourceVersion),
      creationTimestamp: time,
      labels: { app: 'web', 'app.kubernetes.io/managed-by': 'sluice', 'pod-template-hash': '6d4cf56db6' },
      annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '9090' },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: 'web-6d4cf56db6',
          uid: `9b1deb4d-3b7d-4bad-9bdd-${String(index % 100).padStart(12, '0')}`,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
      managedFields: [
        {
          manager: 'kube-controller-manager',
          operation: 'Update',
          apiVersion: 'v1',
          time,
          fieldsType: 'FieldsV1',
          fieldsV1: {
            'f:metadata': { 'f:generateName': {}, 'f:labels': { '.': {}, 'f:app': {}, 'f:pod-template-hash': {} } },
            'f:spec': {
              'f:containers': {
                'k:{"name":"web"}': { '.': {}, 'f:image': {}, 'f:name': {}, 'f:resources': {}, 'f:env': {} },
              },
              'f:dnsPolicy': {},
              'f:restartPolicy': {},
            },
          },
        },
      ],
    },
    spec: {
      volumes: [{ name: 'kube-api-access-x7k2p', projected: { defaultMode: 420, sources: [] } }],
      containers: [
        {
          name: 'web',
          image: 'registry.example.org/team/web:1.27.4',
          ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
          env: [
            { name: 'POD_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
            { name: 'LOG_LEVEL', value: 'info' },
          ],
          resources: { limits: { cpu: '500m', memory: '256Mi' }, requests: { cpu: '100m', memory: '128Mi' } },
          readinessProbe: { httpGet: { path: '/readyz', port: 'http', scheme: 'HTTP' }, periodSeconds: 5 },
          terminationMessagePath: '/dev/termination-log',
          imagePullPolicy: 'IfNotPresent',
        },
      ],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      nodeName: `node-${index % 30}`,
      schedulerName: 'default-scheduler',
      tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' }],
    },
    status: {
      phase: 'Running',
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(condition),
      hostIP: '10.0.0.7',
      podIP: `10.1.${index % 250}.${(index >> 8) % 250}`,
      startTime: time,
      containerStatuses: [
        { name: 'web', ready: true, restartCount: 0, started: true, state: { running: { startedAt: time } } },
      ],
    },
  };
}

/** The same size with few fields, most of it one string: what clients are often measured with, and cheap to parse. */
export function plainPod(index: number, resourceVersion: number) {
  const { apiVersion, kind, metadata } = samplePod(index, resourceVersion);
  const { name, namespace, uid } = metadata;
  const container = { name: 'web', image: 'web:1', env: [{ name: 'TEXT', value: 'x'.repeat(2_250) }] };
  return {
    ...{ apiVersion, kind, metadata: { name, namespace, uid, resourceVersion: String(resourceVersion) } },
    ...{ spec: { containers: [container] }, status: { phase: 'Running' } },
  };
}

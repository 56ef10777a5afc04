import type { AppDeployment } from '@sluice/api';

type Spec = AppDeployment['spec'];

/** An AppDeployment as the API server gives it, with every default filled in. */
export function sampleApp(spec: Partial<Spec> = {}): AppDeployment {
  return {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'AppDeployment',
    metadata: { name: 'shop', namespace: 'demo', uid: 'uid-of-shop', resourceVersion: '1', generation: 1 },
    spec: {
      version: 'v1',
      image: 'registry.example/shop:v1',
      replicas: 3,
      ports: [{ name: 'http', containerPort: 8080 }],
      strategy: { type: 'Rolling', rolling: { maxSurge: '25%', maxUnavailable: 0 } },
      drain: { mode: 'Auto', quietSeconds: 3, deadlineSeconds: 300, maxDraining: 10 },
      progressDeadlineSeconds: 600,
      disruption: { maxUnavailable: 1 },
      paused: false,
      revisionHistoryLimit: 5,
      ...spec,
    },
  };
}

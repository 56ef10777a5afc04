import { type Cluster, type Controller, connectKubeconfig, type KubeClient, runManager } from '@sluice/runtime';
import { createLogger, createRegistry } from '@sluice/runtime/telemetry';

export interface RunningController {
  readonly client: KubeClient;
  /** Ends the manager and its connections. */
  readonly stop: () => Promise<void>;
}

/** Runs a manager with this controller alone on the API server of `kubeconfig`, a path. */
export async function startController(kubeconfig: string, controller: Controller): Promise<RunningController> {
  const cluster: Cluster = await connectKubeconfig({ path: kubeconfig });
  const stopping = new AbortController();
  const manager = runManager(
    {
      cluster,
      controllers: [controller],
      log: createLogger('test', 'silent'),
      registry: createRegistry(),
      identity: 'test',
      reportingController: 'sluice.dev/test',
      metricsPort: 0,
    },
    stopping.signal,
  );
  const stop = async (): Promise<void> => {
    stopping.abort();
    await manager;
    cluster.close();
  };
  return { client: cluster.client, stop };
}

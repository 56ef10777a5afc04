import { startControlPlane } from '../../../hack/control-plane/index.ts';
import { connectKubeconfig } from '../../../operator/runtime/index.ts';
import { Namespace } from '../../../operator/runtime/kube/index.ts';
import { cpuSeconds, report, rounded } from './measured.ts';

// GETs of one small object from a real API server over one connection, 1, 32 and 64 at a time, and the same with the
// stock client as it comes (`@kubernetes/client-node`, fewer calls, since each of them opens a connection). KUBECONFIG
// names the server; without it a control plane is started on loopback for the measurement.

type Get = () => Promise<unknown>;

async function rate(name: string, inFlight: number, calls: number, get: Get): Promise<void> {
  for (let i = 0; i < 20; i++) await get();
  let left = calls;
  const cpuBefore = process.cpuUsage();
  const started = performance.now();
  const worker = async (): Promise<void> => {
    while (left-- > 0) await get();
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const wall = (performance.now() - started) / 1000;
  const cpu = cpuSeconds(cpuBefore);
  const figures = { inFlight, calls, perSecond: rounded(calls / wall), perCpuSecond: rounded(calls / cpu) };
  const cost = `${rounded((cpu / calls) * 1e6)} µs of own CPU each`;
  report(`get ${name}`, figures, `${inFlight} at a time: ${figures.perSecond}/s, ${cost}`);
}

const plane = process.env.KUBECONFIG === undefined ? await startControlPlane() : undefined;
const path = plane?.kubeconfigPath ?? process.env.KUBECONFIG ?? '';
try {
  const cluster = await connectKubeconfig({ path });
  const own: Get = () => cluster.client.get(Namespace, { namespace: '', name: 'default' });
  for (const [inFlight, calls] of [
    [1, 2_000],
    [32, 20_000],
    [64, 20_000],
  ] as const) {
    await rate('sluice', inFlight, calls, own);
  }
  cluster.close();

  const { CoreV1Api, KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromFile(path);
  const api = config.makeApiClient(CoreV1Api);
  const stock: Get = () => api.readNamespace({ name: 'default' });
  await rate('client-node', 1, 100, stock);
  await rate('client-node', 32, 1_000, stock);
} finally {
  await plane?.stop();
}

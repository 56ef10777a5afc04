/** The operator: flags, composition, start, stop. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { AppDeployment, type ImageCatalog, OrderBook, parseImageCatalog, SequenceCounter } from '@sluice/api';
import {
  type CacheReader,
  type Cluster,
  connectInCluster,
  connectKubeconfig,
  runManager,
  terminationSignal,
} from '@sluice/runtime';
import { createLogger, createRegistry } from '@sluice/runtime/telemetry';
import { controllers } from './controllers.ts';
import { exitOf } from './exit.ts';
import { type OperatorFlags, readFlags, UsageError } from './flags.ts';
import { registerResourceMetrics, type SluiceResource } from './resource-metrics.ts';

const leaseName = 'sluice-operator';

async function main(args: readonly string[]): Promise<void> {
  const flags = readFlags(args);
  if (flags === undefined) return;
  const catalog = await readCatalog(flags.catalog);
  const log = createLogger('sluice-operator', flags.logLevel);
  const registry = createRegistry();
  const cluster = await connect({ userAgent: 'sluice-operator/1.0.0', registry });
  const signal = terminationSignal((reason) => log.info({ reason }, 'stopping'));
  const onReady = ({ cache }: { cache: CacheReader }): void => {
    registerResourceMetrics(registry, () => allResources(cache));
  };
  try {
    const { metricsPort } = flags;
    const reportingController = 'sluice.dev/operator';
    const who = { identity: identity(flags), reportingController, ...election(flags) };
    const parts = { cluster, controllers: controllers({ catalog }), log, registry };
    await runManager({ ...parts, ...who, metricsPort, onReady }, signal);
  } finally {
    cluster.close();
  }
}

async function readCatalog(file: string): Promise<ImageCatalog> {
  try {
    return parseImageCatalog(await readFile(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`--catalog ${file}: ${(error as Error).message}`);
  }
}

/** In a pod its own cluster and service account, elsewhere the user's kubeconfig. */
async function connect(options: Parameters<typeof connectInCluster>[0]): Promise<Cluster> {
  return process.env.KUBERNETES_SERVICE_HOST === undefined ? connectKubeconfig({}, options) : connectInCluster(options);
}

/** A new name for each process: one that was killed must not be taken for its successor in the same pod. */
function identity(flags: OperatorFlags): string {
  return `${flags.identity ?? hostname()}_${randomUUID().slice(0, 8)}`;
}

function election({ leaderElect, namespace }: OperatorFlags) {
  return leaderElect && namespace !== undefined ? { leaderElection: { namespace, name: leaseName } } : {};
}

function allResources(cache: CacheReader): SluiceResource[] {
  return [...cache.list(AppDeployment, ''), ...cache.list(SequenceCounter, ''), ...cache.list(OrderBook, '')];
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const { code, text } = exitOf(error);
  process.stderr.write(`${text}\n`);
  process.exit(code);
}

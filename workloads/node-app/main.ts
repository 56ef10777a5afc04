/**
 * A sample app: an ordinary Fastify server with slow answers, WebSockets and event streams. On SIGTERM it closes the
 * server and nothing more; what keeps its long connections whole over a rollout is the AppDeployment, not the app.
 */
import { parseArgs } from 'node:util';
import { createApp } from './app.ts';
import { createAppMetrics, createMetricsServer } from './metrics.ts';

/** How long requests in progress may take after SIGTERM. */
const shutdownTimeoutMs = 20_000;

const usage = `usage: node-app [--port 8080] [--metrics-port 9090] [--host 0.0.0.0] [--version V] [--pod NAME]
  environment: APP_VERSION and HOSTNAME stand in for --version and --pod`;

function refuse(message: string): never {
  console.error(`node-app: ${message}`);
  process.exit(2);
}

function readFlags() {
  try {
    return parseArgs({
      options: {
        port: { type: 'string', default: '8080' },
        'metrics-port': { type: 'string', default: '9090' },
        host: { type: 'string', default: '0.0.0.0' },
        version: { type: 'string', default: process.env.APP_VERSION ?? 'dev' },
        pod: { type: 'string', default: process.env.HOSTNAME ?? 'localhost' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    refuse((error as Error).message);
  }
}

function portNumber(text: string): number {
  const port = Number(text);
  return Number.isInteger(port) && port >= 1 && port <= 65535 ? port : refuse(`not a port from 1 to 65535: ${text}`);
}

const flags = readFlags();
if (flags.help) {
  console.log(usage);
  process.exit(0);
}
const metrics = createAppMetrics(flags.version);
const app = await createApp({ version: flags.version, pod: flags.pod, metrics, logger: { level: 'warn' } });
const metricsServer = createMetricsServer(metrics);
const { host } = flags;
try {
  await app.listen({ host, port: portNumber(flags.port) });
  await metricsServer.listen({ host, port: portNumber(flags['metrics-port']) });
} catch (error) {
  console.error(`node-app: ${(error as Error).message}`);
  process.exit(1);
}

async function stop(): Promise<void> {
  setTimeout(() => process.exit(0), shutdownTimeoutMs).unref();
  await app.close();
  await metricsServer.close();
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());

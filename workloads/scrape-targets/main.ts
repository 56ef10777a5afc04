/**
 * Tells Prometheus what to scrape, over http_sd on loopback. Debian builds its Prometheus without kubernetes_sd; with this
 * beside it one configuration fits that one and the published image. A sidecar of config/prometheus.
 */
import { createServer } from 'node:http';
import { connectInCluster, Pod } from '@sluice/runtime';
import { scrapeTargets } from './targets.ts';

const port = 9091;

const { client } = connectInCluster({ userAgent: 'sluice-scrape-targets/1.0.0' });
const server = createServer(async (_request, response) => {
  try {
    const { items } = await client.list(Pod);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(scrapeTargets(items)));
  } catch (error) {
    // Prometheus keeps the targets it had.
    response.writeHead(503).end(String(error));
  }
});
server.listen(port, '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));

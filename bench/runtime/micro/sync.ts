import { createInformers } from '../../../operator/runtime/cache/index.ts';
import { systemClock } from '../../../operator/runtime/clock.ts';
import { Pod } from '../../../operator/runtime/kube/index.ts';
import { createLogger } from '../../../operator/runtime/telemetry/index.ts';
import { cpuSeconds, liveBytes, report, rounded, startFakeServer } from './measured.ts';

// The first list of 10,000 pods (or OBJECTS): own processor time until the cache is complete, and what the cache then holds of the
// heap. `--metadata` for a cache of metadata only. Run with --expose-gc.

const OBJECTS = Number(process.env.OBJECTS ?? 10_000);
const metadataOnly = process.argv.includes('--metadata');

const server = await startFakeServer({ objects: OBJECTS, events: 0 });
const cluster = server.connect();
const stop = new AbortController();
const log = createLogger('bench', 'silent');
const informers = createInformers({ cluster, clock: systemClock, random: Math.random, log });
const informer = informers.informer(Pod, { metadataOnly });
// The connection is there already when an operator lists its second resource; its cost is not the cache's.
await cluster.client.raw('GET', '/version');

const before = liveBytes();
const cpuBefore = process.cpuUsage();
const started = performance.now();
informers.start(stop.signal);
await informers.whenSynced(stop.signal);
const cpu = cpuSeconds(cpuBefore);
const wall = (performance.now() - started) / 1000;
const megabytes = (liveBytes() - before) / 1e6;
if (informer.get({ namespace: 'team-1', name: 'web-6d4cf56db6-00001' }) === undefined)
  throw new Error('not in the cache');
stop.abort();
cluster.close();
server.stop();

report(
  metadataOnly ? 'sync metadata' : 'sync',
  {
    objects: OBJECTS,
    tls: server.ca !== undefined,
    cpuSeconds: rounded(cpu, 2),
    wallSeconds: rounded(wall, 2),
    megabytes: rounded(megabytes, 1),
  },
  `${rounded(cpu, 2)} s of own CPU for ${OBJECTS} pods (${rounded(wall, 2)} s on the wall), then ${rounded(megabytes, 1)} MB`,
);

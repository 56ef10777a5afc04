import { createInformers } from '../../../operator/runtime/cache/index.ts';
import { systemClock } from '../../../operator/runtime/clock.ts';
import { Pod } from '../../../operator/runtime/kube/index.ts';
import { createLogger } from '../../../operator/runtime/telemetry/index.ts';
import { cpuSeconds, report, rounded, startFakeServer } from './measured.ts';
import { plainPod, samplePod } from './sample-pod.ts';

// How much of its own processor time the runtime spends on changes that come through a watch: bytes off the wire, TLS,
// HTTP/2, lines, JSON, the store with its indexes, one subscriber. Events per second of processor time is what a core
// could take in; the time on the wall also holds the time of the server and of whoever else uses the machine. Beside it
// stands what JSON.parse alone takes for the same lines, kept by key, in the same process: no client can be cheaper than
// that. `--plain` for objects of the same size that are mostly one string, `--metadata` for a watch of metadata only.

const OBJECTS = 10_000;
const plain = process.argv.includes('--plain');
const metadataOnly = process.argv.includes('--metadata');
const EVENTS = Number(process.env.EVENTS ?? 200_000);

const server = await startFakeServer({ objects: OBJECTS, events: EVENTS, plain });
const cluster = server.connect();
const stop = new AbortController();
const log = createLogger('bench', 'silent');
const informers = createInformers({ cluster, clock: systemClock, random: Math.random, log });
const informer = informers.informer(Pod, { metadataOnly });

let seen = 0;
let [cpuAtFirst, wallAtFirst] = [process.cpuUsage(), 0];
const last = new Promise<void>((resolve) => {
  informer.subscribe((change) => {
    if (change.type !== 'updated') return;
    if (seen++ === 0) [cpuAtFirst, wallAtFirst] = [process.cpuUsage(), performance.now()];
    if (seen === EVENTS) resolve();
  });
});
informers.start(stop.signal);
await last;
const cpu = cpuSeconds(cpuAtFirst);
const wall = (performance.now() - wallAtFirst) / 1000;
stop.abort();
cluster.close();
server.stop();

/** What the server sends of an object. */
function sent(index: number, version: number): object {
  const pod = (plain ? plainPod : samplePod)(index, version);
  if (!metadataOnly) return pod;
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: pod.metadata };
}

/** Seconds per event of JSON.parse alone, of as many different objects as the cache holds, each replaced in turn. */
function parseOnly(): number {
  const lines = Array.from({ length: OBJECTS }, (_, i) => JSON.stringify({ type: 'MODIFIED', object: sent(i, i + 1) }));
  const kept = new Map<number, unknown>();
  let before = process.cpuUsage();
  for (let round = 0; round < 4; round++) {
    // The first round warms up and fills the map.
    if (round === 1) before = process.cpuUsage();
    for (const [i, line] of lines.entries()) kept.set(i, JSON.parse(line));
  }
  return cpuSeconds(before) / (3 * OBJECTS);
}

const perCpuSecond = rounded(EVENTS / cpu);
const parseOnlyPerCpuSecond = rounded(1 / parseOnly());
report(
  plain ? 'ingest plain' : metadataOnly ? 'ingest metadata' : 'ingest',
  {
    events: EVENTS,
    objectBytes: JSON.stringify(sent(1, 20_000)).length,
    tls: server.ca !== undefined,
    cpuSeconds: rounded(cpu, 2),
    wallSeconds: rounded(wall, 2),
    perCpuSecond,
    parseOnlyPerCpuSecond,
  },
  `${perCpuSecond} events per second of own CPU (${rounded(cpu, 2)} s for ${EVENTS}, ${rounded(wall, 2)} s on the wall); JSON.parse alone: ${parseOnlyPerCpuSecond}`,
);

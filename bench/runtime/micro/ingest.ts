import { createInformers } from '../../../operator/runtime/cache/index.ts';
import { systemClock } from '../../../operator/runtime/clock.ts';
import { Pod } from '../../../operator/runtime/kube/index.ts';
import { createLogger } from '../../../operator/runtime/telemetry/index.ts';
import { cpuSeconds, report, rounded, startFakeServer } from './measured.ts';
import { samplePod } from './sample-pod.ts';

// How much of its own processor time the runtime spends on changes that come through a watch: bytes off the wire, TLS,
// HTTP/2, lines, JSON, the store with its indexes, one subscriber. Events per second of processor time is what a core
// could take in; the time on the wall also holds the time of the server and of whoever else uses the machine.

const OBJECTS = 10_000;
const EVENTS = Number(process.env.EVENTS ?? 200_000);

const server = await startFakeServer({ objects: OBJECTS, events: EVENTS });
const cluster = server.connect();
const stop = new AbortController();
const log = createLogger('bench', 'silent');
const informers = createInformers({ cluster, clock: systemClock, random: Math.random, log });
const informer = informers.informer(Pod);

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

const perCpuSecond = rounded(EVENTS / cpu);
report(
  'ingest',
  {
    events: EVENTS,
    objectBytes: JSON.stringify(samplePod(1, 20_000)).length,
    tls: server.ca !== undefined,
    cpuSeconds: rounded(cpu, 2),
    wallSeconds: rounded(wall, 2),
    perCpuSecond,
  },
  `${perCpuSecond} events per second of own CPU (${rounded(cpu, 2)} s for ${EVENTS}, ${rounded(wall, 2)} s on the wall)`,
);

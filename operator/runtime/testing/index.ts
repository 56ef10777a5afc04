export { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
export { seededRandom } from './seeded-random.ts';
export { VirtualClock } from './virtual-clock.ts';

export * from './campaign/index.ts';
export { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
export {
  type ApiFaultProxy,
  REQUEST_FAULTS,
  type RequestFault,
  startApiFaultProxy,
  WATCH_FAULTS,
  type WatchFault,
} from './fault-proxy-api.ts';
export {
  ApiServerModel,
  createModelCluster,
  type Fault,
  type ModelClusterOptions,
  type ModelOptions,
  type ModelRequest,
  type Write as ModelWrite,
  type WriteVerb,
} from './model/index.ts';
export { seededRandom } from './seeded-random.ts';
export { VirtualClock } from './virtual-clock.ts';

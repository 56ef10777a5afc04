export { createModelCluster, type Fault, type ModelClusterOptions } from './cluster.ts';
export { ApiServerModel, type ModelOptions, type ModelRequest } from './model.ts';
export type { Write, WriteVerb } from './store.ts';

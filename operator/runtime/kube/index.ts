export * from './client.ts';
export {
  type Cluster,
  type ConnectOptions,
  connectCluster,
  connectInCluster,
  connectKubeconfig,
} from './cluster.ts';
export { type Credentials, inClusterCredentials } from './credentials.ts';
export * from './object.ts';
export { quantityValue } from './quantity.ts';
export * from './resources.ts';

export { createLogger, type Logger } from './log.ts';
export {
  createMetrics,
  createRegistry,
  defineMetrics,
  type MetricDefinition,
  type MetricDefinitions,
  type Metrics,
} from './metrics.ts';

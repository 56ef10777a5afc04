export { createLogger, type Logger, logLevels } from './log.ts';
export {
  createMetrics,
  createRegistry,
  defineMetrics,
  type MetricDefinition,
  type MetricDefinitions,
  type Metrics,
} from './metrics.ts';

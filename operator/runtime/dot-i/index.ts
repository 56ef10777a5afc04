import { Operator } from './operator.ts';

export { Operator, type OperatorOptions } from './operator.ts';
export {
  type OperatorLogger,
  type ResourceEvent,
  ResourceEventType,
  type ResourceMeta,
  ResourceMetaImpl,
} from './resource-event.ts';
// biome-ignore lint/style/noDefaultExport: the original has it, and only the module's name is to change in its users' imports.
export default Operator;

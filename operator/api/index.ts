export * from './app-deployment.ts';
export * from './image-catalog.ts';
export { GROUP, type KindDefinition, MAX_NAME_LENGTH, type PrinterColumn, VERSION } from './kind.ts';
export * from './order-book.ts';
export { RULES, type Rule, type TSchema, UNBUILT, type Unbuilt } from './schema.ts';
export * from './sequence-counter.ts';
export type { Auth } from './shared-fields.ts';
export { type KindName, kinds, unbuiltFields } from './unbuilt.ts';

export type { Change, Informer, InformerOptions, Informers } from './informer.ts';
export { createInformers } from './informers.ts';

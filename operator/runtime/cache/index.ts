export type { IndexFunction } from './index-by.ts';
export type { Change, Informer, InformerOptions, Informers } from './informer.ts';
export { createInformers } from './informers.ts';

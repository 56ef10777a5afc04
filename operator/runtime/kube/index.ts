export * from './client.ts';
export * from './object.ts';
export * from './resources.ts';

import { createRequire } from 'node:module';
import type * as imported from '@dot-i/k8s-operator';

/** The module as CommonJS, which it is: `import` gives its default export one level deeper than vitest's does. */
export const original = createRequire(import.meta.url)('@dot-i/k8s-operator') as typeof imported.default;

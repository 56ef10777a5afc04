import { crdGenerator } from './crd.ts';
import type { Generator } from './generator.ts';
import { referenceGenerator } from './reference.ts';
import { sampleGenerator } from './samples.ts';

export const generators: readonly Generator[] = [crdGenerator, referenceGenerator, sampleGenerator];

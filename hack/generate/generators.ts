import { crdGenerator } from './crd.ts';
import { dashboardGenerator } from './dashboards/generator.ts';
import { errorsGenerator } from './errors-page.ts';
import type { Generator } from './generator.ts';
import { metricsGenerator } from './metrics-page.ts';
import { referenceGenerator } from './reference.ts';
import { sampleGenerator } from './samples.ts';
import { seededBugsGenerator } from './seeded-bugs-page.ts';

export const generators: readonly Generator[] = [
  crdGenerator,
  referenceGenerator,
  sampleGenerator,
  errorsGenerator,
  metricsGenerator,
  seededBugsGenerator,
  dashboardGenerator,
];

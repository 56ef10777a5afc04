import { readdirSync, readFileSync } from 'node:fs';
import type { CustomResourceDefinition } from '@sluice/runtime';
import { parse } from 'yaml';

const folder = new URL('../../../../crds/', import.meta.url);

/** Our CustomResourceDefinitions, as they are installed: with defaults and limits, so that specs here need not repeat them. */
export const definitions: readonly CustomResourceDefinition[] = readdirSync(folder).map(
  (file) => parse(readFileSync(new URL(file, folder), 'utf8')) as CustomResourceDefinition,
);

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unbuiltFields } from '@sluice/api';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { sampleGenerator, sampleObject, samples } from './samples.ts';

test.each(samples)('$file is the object, uses nothing that is not built, and explains each field', (sample) => {
  const file = sampleGenerator.files().find(({ path }) => path === `config/samples/${sample.file}`);
  expect(parse(file?.content ?? '')).toEqual(sampleObject(sample));
  expect(unbuiltFields(sample.kind, sample.spec)).toEqual([]);
  for (const field of Object.keys(sample.spec)) {
    expect(file?.content).toMatch(new RegExp(`\\n  # [A-Z].*\\.\\n  ${field}:`));
  }
});

test.each(['go-app', 'node-app'])('the sample of %s is what ./deploy-apps rolls out', (name) => {
  const rolledOut = readFileSync(join(import.meta.dirname, `../../workloads/${name}/app.yaml`), 'utf8');
  const sample = samples.find((entry) => entry.name === name);
  expect(sample === undefined ? undefined : sampleObject(sample)).toEqual(parse(rolledOut));
});

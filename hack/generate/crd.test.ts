import { kinds } from '@sluice/api';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { crdGenerator, customResourceDefinition } from './crd.ts';

const orderBook = customResourceDefinition(kinds.OrderBook);
const [version] = orderBook.spec.versions;
const spec = version?.schema.openAPIV3Schema.properties.spec;

test('a field with a default is not required of the user', () => {
  expect(spec).toMatchObject({ required: ['symbols'] });
});

test('a default holds the defaults below it, since the server checks it before it would fill them in', () => {
  expect(spec).toMatchObject({ properties: { limits: { default: { maxOrdersPerAccount: 10_000 } } } });
  const counter = customResourceDefinition(kinds.SequenceCounter).spec.versions[0]?.schema.openAPIV3Schema.properties
    .spec;
  expect(counter).toMatchObject({ properties: { counters: { default: [{ name: 'default', start: 1, step: 1 }] } } });
});

test('descriptions say the default and what is not built', () => {
  expect(spec).toMatchObject({
    properties: {
      deletionPolicy: { description: expect.stringMatching(/ Default: Retain\.$/) },
      replicas: {
        description: expect.stringMatching(/ Default: 1\. More than 1 is not built yet: refused with NotImplemented/),
      },
      backup: { description: expect.stringMatching(/ Not built yet: refused with NotImplemented/) },
      journal: { properties: { type: { description: expect.stringMatching(/ JetStream is not built yet: refused/) } } },
    },
  });
});

test('our own keywords stay out of the CRD', () => {
  for (const { content } of crdGenerator.files()) expect(content).not.toContain('x-sluice');
});

test('names that YAML 1.1 takes for booleans are quoted', () => {
  for (const { content } of crdGenerator.files()) {
    expect(parse(content, { version: '1.1' })).toEqual(parse(content, { version: '1.2' }));
  }
});

test('wide columns are those of -o wide', () => {
  const wide = version?.additionalPrinterColumns.filter((column) => 'priority' in column).map(({ name }) => name);
  expect(wide).toEqual(['Epoch', 'Published', 'Reason']);
});

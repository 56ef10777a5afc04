import { expect, test } from 'vitest';
import { parseImageCatalog } from './index.ts';

const good = `
drain: sluice/drain:1.0.0-0123456789ab
orderBook:
  1.0.0: sluice/order-book:1.0.0-0123456789ab
  1.1.0: sluice/order-book:1.1.0-0123456789ab
sequenceCounter: {"1.0.0": "registry.example:5000/sluice/sequence-counter:1.0.0"}
`;

test('reads images by version', () => {
  expect(parseImageCatalog(good)).toEqual({
    drain: 'sluice/drain:1.0.0-0123456789ab',
    orderBook: {
      '1.0.0': 'sluice/order-book:1.0.0-0123456789ab',
      '1.1.0': 'sluice/order-book:1.1.0-0123456789ab',
    },
    sequenceCounter: { '1.0.0': 'registry.example:5000/sluice/sequence-counter:1.0.0' },
  });
});

test.each([
  ['nothing', '', 'the document'],
  ['a workload missing', good.replace('sequenceCounter', 'counter'), 'sequenceCounter'],
  ['no version of a workload', good.replace(/sequenceCounter: .*/, 'sequenceCounter: {}'), 'sequenceCounter'],
  ['a version that is none', good.replace('1.1.0:', 'latest:'), 'orderBook.latest'],
  ['an image with a space', good.replace('drain: sluice', 'drain: slu ice'), 'drain'],
  ['an unknown workload', `${good}orderbooks: {}\n`, 'orderbooks'],
])('refuses %s and names the place', (_case, yaml, place) => {
  expect(() => parseImageCatalog(yaml)).toThrow(`image catalogue: ${place} is wrong`);
});

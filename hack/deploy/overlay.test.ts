import { expect, test } from 'vitest';
import { kustomization } from './overlay.ts';

const overlay = { name: 'x', base: 'config/default', images: {} };
const folder = `${import.meta.dirname}/../../.cache/deploy/x`;

test('an overlay points at its base and replaces names and tags', () => {
  const images = { 'sluice/operator': 'sluice/operator:1.0.0-abc', 'prom/prometheus': 'host:5000/p/prometheus:2.42' };
  expect(kustomization({ ...overlay, images }, folder)).toMatchObject({
    resources: ['../../../config/default'],
    images: [
      { name: 'sluice/operator', newName: 'sluice/operator', newTag: '1.0.0-abc' },
      { name: 'prom/prometheus', newName: 'host:5000/p/prometheus', newTag: '2.42' },
    ],
  });
});

test.each(['sluice/operator', 'host:5000/operator', 'sluice/operator@sha256:00'])(
  '%s without a tag is refused',
  (ref) => {
    expect(() => kustomization({ ...overlay, images: { 'sluice/operator': ref } }, folder)).toThrow(
      `image ${ref} has no tag`,
    );
  },
);

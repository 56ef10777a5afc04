import { expect, test } from 'vitest';
import { choosePath } from './choose-path.ts';

test.each([
  { docker: true, images: true, path: { engine: 'running', images: 'pulled' } },
  { docker: true, images: false, path: { engine: 'running', images: 'built' } },
  { docker: false, images: false, path: { engine: 'private', images: 'built' } },
  { docker: false, images: true, path: { engine: 'private', images: 'built' } },
])('Docker answers: $docker, images to be had: $images → $path.engine engine, $path.images images', (given) => {
  expect(choosePath(given)).toEqual(given.path);
});

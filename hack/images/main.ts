/** `node hack/images/main.ts build [names…] [--version 1.0.0]`: builds images into the engine and prints their references. */
import { parseArgs } from 'node:util';
import { buildImages, defaultVersion } from './build.ts';
import { imageNames, isImageName } from './sources.ts';

function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}

function readArguments(): { names: readonly string[]; version: string } {
  try {
    const { positionals, values } = parseArgs({ allowPositionals: true, options: { version: { type: 'string' } } });
    const [verb, ...names] = positionals;
    if (verb !== 'build') refuse('usage: images build [names…] [--version 1.0.0]');
    return { names, version: values.version ?? defaultVersion };
  } catch (error) {
    refuse((error as Error).message);
  }
}

const { names, version } = readArguments();
const unknown = names.filter((name) => !isImageName(name));
if (unknown.length > 0) refuse(`no such image: ${unknown.join(', ')}; there are ${imageNames.join(', ')}`);
if (!/^[0-9A-Za-z][0-9A-Za-z_.-]{0,60}$/.test(version)) refuse(`not a version for an image tag: ${version}`);

try {
  const refs = await buildImages(names.length === 0 ? imageNames : names.filter(isImageName), { version });
  for (const ref of Object.values(refs)) console.log(ref);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

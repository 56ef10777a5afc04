import { globSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type DebianPackage, downloadPackages, unpack } from './debian.ts';
import { emptyFolder, putInPlace } from './files.ts';
import { type Layout, layout } from './layout.ts';
import type { Step } from './steps.ts';

/** The last Redis of Debian under the three-clause BSD licence, and the libraries that it links to. */
const packages: readonly DebianPackage[] = [
  { name: 'redis-tools', suite: 'bookworm', version: '7.0.15' },
  { name: 'libjemalloc2', suite: 'bookworm', version: '5.3.0' },
  { name: 'liblzf1', suite: 'bookworm', version: '3.6' },
  { name: 'libatomic1', suite: 'bookworm', version: '12.2' },
  { name: 'libssl3', suite: 'bookworm', version: '3.0' },
  { name: 'libsystemd0', suite: 'bookworm', version: '252' },
];

/** One program plays all parts, by the name it is called. */
const program = 'usr/bin/redis-server';

/** Unpacks Redis below the cache folder; nothing is installed on this system. */
export function redisStep(places: Layout): Step {
  return {
    name: 'redis',
    version: '7.0.15',
    inputs: packages.map(({ name, suite, version }) => `${name}/${suite} ${version}`),
    after: [],
    outputs: [join(places.redis, program)],
    lane: 'fetch',
    run: async (context) => {
      const files = await downloadPackages(places, packages, join(places.scratch, 'redis-packages'), context);
      const unpacked = await emptyFolder(join(places.scratch, 'redis'));
      await unpack(files, unpacked, context);
      await symlink('redis-check-rdb', join(unpacked, program));
      await putInPlace(unpacked, places.redis);
    },
  };
}

/** The words that start the unpacked Redis server, with its own libraries before those of the system. */
export function redisCommand(places: Layout = layout()): readonly string[] {
  const libraries = globSync(join(places.redis, 'usr/lib/*-linux-gnu'));
  const path = join(places.redis, program);
  return ['/usr/bin/env', `LD_LIBRARY_PATH=${libraries.join(':')}`, path];
}

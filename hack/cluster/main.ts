/** `node hack/cluster/main.ts VERB`: the kind cluster of this repository. See docs/cluster.md. */
import { binaryNames, ensureBinaries, isBinaryName } from './binaries.ts';
import { down } from './down.ts';
import { clusterEnv, loadImages } from './env.ts';
import { ClusterError } from './errors.ts';
import { statusLines } from './status.ts';
import { bringUp } from './up.ts';

const usage = `usage: node hack/cluster/main.ts VERB
  up                 make the cluster, or mend it
  down [--engine]    delete the cluster; with --engine also stop the private container engine
  load IMAGE…        bring images to the nodes
  env                shell exports for docker, kind and kubectl
  status             what is up, and where it lives
  binaries [NAME…]   build programs for tests without a cluster: ${binaryNames.join(', ')}`;

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}

async function main([verb, ...rest]: readonly string[]): Promise<void> {
  switch (verb) {
    case 'up':
      if (rest.length > 0) refuse(`up takes no argument, not ${rest[0]}`);
      return bringUp(process.stderr, stop.signal);
    case 'down':
      if (rest.some((word) => word !== '--engine')) refuse('down takes nothing but --engine');
      return down({ engine: rest.includes('--engine') });
    case 'load':
      if (rest.length === 0) refuse('load which images? for example: make kind-load IMAGES="a:1 b:2"');
      return loadImages(rest);
    case 'env':
      for (const [name, value] of Object.entries((await clusterEnv()).exports)) {
        console.log(`export ${name}='${value.replaceAll("'", `'\\''`)}'`);
      }
      return;
    case 'status':
      for (const line of await statusLines()) console.log(line);
      return;
    case 'binaries': {
      const unknown = rest.find((name) => !isBinaryName(name));
      if (unknown !== undefined) refuse(`no such program: ${unknown}; there are ${binaryNames.join(', ')}`);
      console.log(await ensureBinaries(rest.length === 0 ? binaryNames : rest.filter(isBinaryName)));
      return;
    }
    default:
      refuse(verb === undefined || verb === '--help' ? usage : `no such verb: ${verb}\n${usage}`);
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (stop.signal.aborted) {
    console.error('interrupted; the next run goes on from here');
    process.exit(130);
  }
  // A ClusterError is a sentence for the user; anything else is a bug, and its stack says where.
  console.error(error instanceof ClusterError ? error.message : error);
  process.exitCode = 1;
}

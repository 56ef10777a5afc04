/**
 * `make deploy` and `make undeploy`: the operator into the kind cluster, or out of it. `--context NAME --skip-load` for
 * any other cluster whose nodes have, or can pull, the images.
 */
import { parseArgs } from 'node:util';
import { systemClock } from '@sluice/runtime';
import { createScreen, during } from '../screen/screen.ts';
import { kubectlFor } from './kubectl.ts';
import { installOperator, operatorImages } from './operator.ts';
import { uninstallOperator } from './uninstall.ts';

interface Flags {
  readonly context: string;
  readonly load: boolean;
  readonly undeploy: boolean;
}

function readFlags(): Flags {
  const { values } = parseArgs({
    options: {
      context: { type: 'string', default: 'kind-sluice' },
      'skip-load': { type: 'boolean', default: false },
      undeploy: { type: 'boolean', default: false },
    },
  });
  const { context, 'skip-load': skipLoad, undeploy } = values;
  if (context !== 'kind-sluice' && !skipLoad && !undeploy) {
    throw new Error(
      `context ${context} is not this project's kind cluster: bring the images to its nodes yourself and say --skip-load`,
    );
  }
  return { context, load: !skipLoad, undeploy };
}

async function main({ context, load, undeploy }: Flags): Promise<void> {
  const screen = createScreen(systemClock, process.stdout);
  const kubectl = kubectlFor(context);
  if (undeploy) return during(screen, 'undeploy', (step) => uninstallOperator(kubectl, step));
  const refs = await during(screen, 'images', (step) => operatorImages(step, { load }));
  await during(screen, 'operator', (step) => installOperator(kubectl, refs, step));
}

let flags: Flags;
try {
  flags = readFlags();
} catch (error) {
  console.error((error as Error).message);
  process.exit(2);
}
try {
  await main(flags);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

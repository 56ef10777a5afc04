/** `make control-plane`: an API server to play with, until Ctrl-C. */
import { join, resolve } from 'node:path';
import { startControlPlane } from './control-plane.ts';

const root = resolve(import.meta.dirname, '../..');

if (process.argv[2] !== 'up' || process.argv.length > 3) {
  console.error('usage: node hack/control-plane/main.ts up');
  process.exit(2);
}
try {
  const plane = await startControlPlane({ crds: [join(root, 'crds')] });
  console.log(
    `API server at ${plane.server} with the Sluice resources installed; nothing schedules or runs pods here.`,
  );
  console.log(`  export KUBECONFIG=${plane.kubeconfigPath}`);
  console.log('Ctrl-C ends it and removes its data.');
  const stop = () => void plane.stop().then(() => process.exit(0));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
} catch (error) {
  console.error(`the control plane did not start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

/** `make demo` and `make demo-clean`. Exit 0 only when every figure is what it must be. */
import { systemClock } from '@sluice/runtime';
import { kubectlFor } from '../deploy/kubectl.ts';
import { createScreen, during, type Screen, timingTable } from '../screen/screen.ts';
import { bringUp } from './bring-up.ts';
import { addresses, cleanDemo } from './ending.ts';
import { type Figure, figureTable } from './figures.ts';
import { scrapedFigure } from './monitoring.ts';
import { watchNodes } from './nodes.ts';
import { takeNumbers } from './numbers.ts';
import { matchOrders } from './orders.ts';
import { demoNamespace } from './places.ts';
import { rollWhileHeld } from './rollouts.ts';

const kubectl = kubectlFor();

async function demo(): Promise<boolean> {
  const started = performance.now();
  const screen = createScreen(systemClock, process.stdout);
  const { client, close } = await bringUp(screen, kubectl);
  const nodes = watchNodes(client, demoNamespace, screen.line);
  const shows = await Promise.allSettled([
    during(screen, 'orders', matchOrders),
    during(screen, 'numbers', takeNumbers),
    during(screen, 'rollouts', (step) => rollWhileHeld(client, nodes, step)),
  ]);
  await nodes.stop();
  close();
  const shown = shows.flatMap((show) => (show.status === 'fulfilled' ? show.value : [failure(show.reason)]));
  const figures = [...shown, await scrapedFigure()];
  await tell(screen, figures, performance.now() - started);
  return figures.every(({ right }) => right);
}

function failure(reason: unknown): Figure {
  return { what: 'not shown', value: reason instanceof Error ? reason.message : String(reason), right: false };
}

async function tell(screen: Screen, figures: readonly Figure[], totalMs: number): Promise<void> {
  const resources = await kubectl('get', 'appd,seqc,ob', '-n', demoNamespace);
  const blocks = [
    ['Figures:', ...figureTable(figures)],
    ['Time of each step (some run side by side), and its share:', ...timingTable(screen.timings, totalMs)],
    [`kubectl get appd,seqc,ob -n ${demoNamespace}`, ...resources.trimEnd().split('\n')],
    addresses(),
  ];
  console.log(`\n${blocks.map((lines) => lines.join('\n')).join('\n\n')}`);
}

async function clean(): Promise<boolean> {
  const screen = createScreen(systemClock, process.stdout);
  await during(
    screen,
    'demo',
    () => cleanDemo(kubectl),
    () => 'gone; the cluster stays: make kind-down removes it',
  );
  return true;
}

const [verb, ...rest] = process.argv.slice(2);
if ((verb !== undefined && verb !== 'clean') || rest.length > 0) {
  console.error('usage: demo [clean]');
  process.exit(2);
}
try {
  const right = await (verb === 'clean' ? clean() : demo());
  process.exit(right ? 0 : 1);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}

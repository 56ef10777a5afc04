import { rm } from 'node:fs/promises';
import { systemClock } from '../../operator/runtime/clock.ts';
import { deleteCluster } from './cluster.ts';
import { answers, stopEngine } from './engine.ts';
import { environmentFor } from './environment.ts';
import { layout } from './layout.ts';
import { takeLock } from './lock.ts';
import { readState } from './state.ts';

const lockWaitMs = 30 * 60_000;

/** Deletes the cluster. `engine`: stops the private container engine too; a Docker of the user's is never touched. */
export async function down({ engine }: { readonly engine: boolean }): Promise<void> {
  const places = layout();
  const report = (line: string): void => console.error(line);
  const release = await takeLock(systemClock, {
    path: places.lock,
    doing: 'deleting the cluster',
    waitMs: lockWaitMs,
    report,
  });
  try {
    const state = await readState(places);
    if (state === undefined) {
      report('there is no cluster');
      return;
    }
    const how = environmentFor(state.path, places, process.env);
    if (await answers(how.env)) {
      await deleteCluster(how, {});
      report('the cluster is deleted; what it was built from is kept');
    } else {
      report(
        'the container engine does not run, so neither does the cluster; its containers are replaced by the next kind-up',
      );
    }
    if (engine && state.path.engine === 'private') {
      await stopEngine(systemClock, places);
      await rm(places.state, { force: true });
      report('the private container engine is stopped');
    }
  } finally {
    await release();
  }
}

import { isConflict, KubeApiError, PersistentVolumeClaim, Pod, ReplicaSet, StatefulSet } from '@sluice/runtime';
import type { Simulator, Stage, Write } from '@sluice/runtime/testing';
import { type Kubelets, kubelets } from './kubelets.ts';
import type { Part, PartInput } from './part.ts';
import { replicaSets } from './replica-sets.ts';
import { statefulSets } from './stateful-sets.ts';
import { volumes } from './volumes.ts';

/** What the user agent of everything that is not the operator and not the user begins with. */
export const clusterName = 'cluster';

/** The programs in the pods of one kind, as another loop of the cluster. */
export type Programs<P extends Part> = (input: PartInput) => P;

/**
 * What a cluster and the programs in its pods do about what they find, one loop after another, a moment after each write:
 * ReplicaSets, StatefulSets, the provisioner, scheduler and kubelets, and the programs.
 */
export class ClusterSimulator<P extends Part> implements Simulator {
  readonly failures: string[] = [];
  readonly kubelets: Kubelets;
  readonly programs: P;
  readonly #stage: Stage;
  readonly #parts: readonly Part[];
  /** When to look again, in monotonic milliseconds. */
  readonly #wakes = new Set<number>();
  #soon = false;
  #running = false;

  constructor(stage: Stage, programs: Programs<P>) {
    this.#stage = stage;
    const input = { stage, client: stage.client(clusterName), wakeAt: (ms: number) => this.#wakeAt(ms) };
    this.kubelets = kubelets(input);
    this.programs = programs(input);
    this.#parts = [replicaSets(input), statefulSets(input), volumes(input), this.kubelets, this.programs];
    stage.onWrite((write) => {
      if (this.#soon || !concerns(write)) return;
      this.#soon = true;
      this.#wakeIn(5 + stage.random() * 150);
    });
  }

  #wakeIn(ms: number): void {
    this.#wakeAt(this.#stage.clock.monotonic() + ms);
  }

  #wakeAt(ms: number): void {
    if (this.#wakes.has(ms)) return;
    this.#wakes.add(ms);
    const { clock } = this.#stage;
    clock.setTimer(ms - clock.monotonic(), () => {
      this.#wakes.delete(ms);
      void this.#sync();
    });
  }

  async #sync(): Promise<void> {
    this.#soon = false;
    if (this.#running) {
      this.#wakeIn(50);
      return;
    }
    this.#running = true;
    for (const part of this.#parts) {
      try {
        await part.sync();
      } catch (error) {
        // Somebody else was quicker: look again.
        if (isConflict(error) || (error instanceof KubeApiError && error.status === 404)) {
          this.#wakeIn(100);
        } else this.failures.push(`the simulated cluster: ${error instanceof Error ? error.stack : String(error)}`);
      }
    }
    this.#running = false;
  }
}

const watched: ReadonlySet<string> = new Set([
  Pod.plural,
  ReplicaSet.plural,
  StatefulSet.plural,
  PersistentVolumeClaim.plural,
  'nodes',
  'leases',
  'configmaps',
]);

function concerns({ resource, before, after }: Write): boolean {
  return watched.has(resource.plural) && before !== after;
}

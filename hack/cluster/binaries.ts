import { systemClock } from '../../operator/runtime/clock.ts';
import { goPrograms, goStep } from './go-programs.ts';
import { type Layout, layout } from './layout.ts';
import { takeLock } from './lock.ts';
import { createProgress, lineOutput } from './progress.ts';
import { redisStep } from './redis.ts';
import { checkGo } from './requirements.ts';
import { runSteps, type Step, stepsToDo } from './steps.ts';

/**
 * Programs for tests without a cluster. `hyperkube` brings kube-apiserver, kube-controller-manager, kubectl and kubeadm; `redis` is
 * not a program of the folder but a tree of its own, see `redisCommand`.
 */
export const binaryNames = ['etcd', 'hyperkube', 'nats', 'redis'] as const;
export type BinaryName = (typeof binaryNames)[number];

export function isBinaryName(name: string): name is BinaryName {
  return binaryNames.some((known) => known === name);
}

const lockWaitMs = 30 * 60_000;

/** The folder of finished programs: `${XDG_CACHE_HOME:-~/.cache}/sluice/bin`. */
export function binDir(): string {
  return layout().bin;
}

/**
 * Builds what is missing (minutes, the first time on a machine) and returns `binDir()`, which then holds `etcd`, and for
 * `hyperkube` also `kube-apiserver`, `kube-controller-manager`, `kubectl`, `kubeadm` and `kubelet`. `report` gets one line per step.
 */
export async function ensureBinaries(
  names: readonly BinaryName[] = binaryNames,
  report: (line: string) => void = (line) => console.error(line),
): Promise<string> {
  const places = layout();
  const steps = names.map((name) => stepOf(name, places));
  if ((await stepsToDo(steps, places.stamps)).length === 0) return places.bin;
  const release = await takeLock(systemClock, {
    path: places.lock,
    doing: `building ${names.join(' and ')}`,
    waitMs: lockWaitMs,
    report,
  });
  try {
    if (names.some((name) => name !== 'redis')) await checkGo();
    const progress = createProgress(systemClock, lineOutput(report));
    const signal = new AbortController().signal;
    await runSteps(systemClock, steps, { stamps: places.stamps, logs: places.logs, progress, signal });
  } finally {
    await release();
  }
  return places.bin;
}

function stepOf(name: BinaryName, places: Layout): Step {
  return name === 'redis' ? redisStep(places) : goStep(goPrograms[name], places.bin);
}

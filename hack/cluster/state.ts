import { readFile } from 'node:fs/promises';
import { writeWhole } from './files.ts';
import type { Layout } from './layout.ts';

/** Where the container engine and the images come from; decided once when the cluster is made (choose-path.ts). */
export interface Path {
  /** `running`: the Docker that the user has. `private`: one of our own under the cache folder. */
  readonly engine: 'running' | 'private';
  /** `pulled`: published images. `built`: from Debian packages and Go modules. */
  readonly images: 'pulled' | 'built';
}

/** What later commands need to know of the cluster that `up` made. */
export interface State {
  readonly path: Path;
  /** Base of images for Node programs. */
  readonly baseImage: string;
  readonly nodeImage: string;
  readonly prometheusImage: string;
  readonly metricsServerImage: string;
}

export async function readState({ state }: Layout): Promise<State | undefined> {
  try {
    return JSON.parse(await readFile(state, 'utf8')) as State;
  } catch {
    return undefined;
  }
}

export async function writeState({ state }: Layout, value: State): Promise<void> {
  await writeWhole(state, `${JSON.stringify(value, null, 2)}\n`);
}

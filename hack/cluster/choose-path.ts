import type { Path } from './state.ts';

/** What was found out about Docker on this machine. */
export interface Findings {
  /** A Docker daemon answers where the docker client looks for one. */
  readonly docker: boolean;
  /** The published images are in that Docker, or it can pull them. Not asked when there is no Docker. */
  readonly images: boolean;
}

/**
 * The ordinary path when it can be taken; otherwise as much of it as there is. A Docker that runs is always the engine:
 * a second one on the same host would flush the first one's network rules when it starts.
 */
export function choosePath({ docker, images }: Findings): Path {
  if (!docker) return { engine: 'private', images: 'built' };
  return { engine: 'running', images: images ? 'pulled' : 'built' };
}

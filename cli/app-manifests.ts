import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AppDeployment } from '@sluice/api';
import { parse } from 'yaml';
import { type ImageName, isImageName } from '../hack/images/sources.ts';
import { DeployError } from './errors.ts';

/** An app of this repository: a folder of workloads with an `app.yaml` and a Dockerfile. */
export interface AppManifest {
  readonly name: ImageName;
  readonly object: Pick<AppDeployment, 'apiVersion' | 'kind' | 'metadata'> & { readonly spec: object };
}

/** The manifests of the named apps, in the order asked for. Rejects before anything is built when a name is unknown. */
export async function readManifests(root: string, names: readonly string[]): Promise<AppManifest[]> {
  const known = await knownApps(root);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new DeployError(`no such app: ${unknown.join(', ')}; there are ${known.join(', ')}`);
  }
  return Promise.all([...new Set(names)].map((name) => readManifest(root, name)));
}

async function knownApps(root: string): Promise<string[]> {
  const folders = await readdir(join(root, 'workloads'));
  return folders.filter((name) => existsSync(join(root, 'workloads', name, 'app.yaml'))).sort();
}

async function readManifest(root: string, name: string): Promise<AppManifest> {
  const path = join('workloads', name, 'app.yaml');
  const value: unknown = parse(await readFile(join(root, path), 'utf8'));
  if (!isAppDeployment(value) || value.metadata.name !== name || !isImageName(name)) {
    throw new DeployError(`${path} is not an AppDeployment named ${name}`);
  }
  return { name, object: value };
}

function isAppDeployment(value: unknown): value is AppManifest['object'] {
  const { kind, metadata, spec } = (value ?? {}) as { kind?: unknown; metadata?: unknown; spec?: unknown };
  return kind === 'AppDeployment' && typeof metadata === 'object' && metadata !== null && typeof spec === 'object';
}

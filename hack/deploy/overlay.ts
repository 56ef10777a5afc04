import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { stringify } from 'yaml';

const root = resolve(import.meta.dirname, '../..');

export interface Overlay {
  /** Folder below `.cache/deploy` that is written. */
  readonly name: string;
  /** Kustomize base, from the repository's root. */
  readonly base: string;
  /** Image name as the base has it → full reference to run. */
  readonly images: Readonly<Record<string, string>>;
  /** Files that replace those of a generated ConfigMap of the base. */
  readonly configMap?: { readonly name: string; readonly files: Readonly<Record<string, string>> };
}

/** The kustomization that puts freshly built images into a committed base. `folder` is where it will lie. */
export function kustomization(overlay: Overlay, folder: string): object {
  const { base, images, configMap } = overlay;
  return {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [relative(folder, join(root, base))],
    images: Object.entries(images).map(([name, ref]) => ({ name, ...splitRef(ref) })),
    ...(configMap && {
      configMapGenerator: [{ name: configMap.name, behavior: 'replace', files: Object.keys(configMap.files) }],
    }),
  };
}

/** `host:5000/team/app:1.0` → name and tag. A reference without a tag or with a digest is refused: we always tag. */
function splitRef(ref: string): { newName: string; newTag: string } {
  const colon = ref.lastIndexOf(':');
  if (colon <= ref.lastIndexOf('/') || ref.includes('@')) throw new Error(`image ${ref} has no tag`);
  return { newName: ref.slice(0, colon), newTag: ref.slice(colon + 1) };
}

/** Writes the overlay and returns its folder, for `kubectl apply -k`. */
export async function writeOverlay(overlay: Overlay): Promise<string> {
  const folder = join(root, '.cache/deploy', overlay.name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'kustomization.yaml'), stringify(kustomization(overlay, folder)));
  for (const [name, text] of Object.entries(overlay.configMap?.files ?? {})) await writeFile(join(folder, name), text);
  return folder;
}

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { GeneratedFile } from './generator.ts';
import { type ExportedName, runtimeExports } from './runtime-exports.ts';

const root = resolve(import.meta.dirname, '../../operator/runtime');

/** One way to import from the runtime, with all that it gives. */
export interface EntryPoint {
  /** `@sluice/runtime/kube` */
  readonly specifier: string;
  readonly names: readonly ExportedName[];
}

/** Every entry point that the package declares, in its order. */
export function entryPoints(): EntryPoint[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string>;
  };
  const exported = runtimeExports(
    root,
    Object.values(exports).map((file) => join('.', file)),
  );
  return Object.entries(exports).map(([path, file]) => ({
    specifier: join('@sluice/runtime', path),
    names: exported.get(join('.', file)) ?? [],
  }));
}

/** A page for each entry point that has names of its own. A name that two of them give is told where it comes first. */
export function runtimePages(): GeneratedFile[] {
  const told = new Set<string>();
  const pages: { readonly path: string; readonly entry: EntryPoint; readonly own: readonly ExportedName[] }[] = [];
  const elsewhere: EntryPoint[] = [];
  for (const entry of entryPoints()) {
    const own = entry.names.filter(({ name, file }) => !told.has(`${file} ${name}`));
    for (const { name, file } of own) told.add(`${file} ${name}`);
    if (own.length === 0) elsewhere.push(entry);
    else pages.push({ path: `docs/reference/${fileName(entry)}`, entry, own });
  }
  return pages.map(({ path, entry, own }, index) => ({
    path,
    content: page(entry, own, index === 0 ? [...pages.slice(1).map(linkTo), ...elsewhere.map(mention)] : []),
  }));
}

function fileName({ specifier }: EntryPoint): string {
  return `${specifier.replace('@sluice/', '').replaceAll('/', '-')}.md`;
}

function linkTo({ entry }: { readonly entry: EntryPoint }): string {
  return `- [\`${entry.specifier}\`](${fileName(entry)})`;
}

function mention({ specifier, names }: EntryPoint): string {
  return `- \`${specifier}\` gives a part of the names below without the rest: ${names.map(({ name }) => `\`${name}\``).join(', ')}.`;
}

function page({ specifier }: EntryPoint, names: readonly ExportedName[], others: readonly string[]): string {
  const lines = [
    `# ${specifier}`,
    '',
    'Generated from the sources of `operator/runtime` by `make generate`; do not edit. How the parts work together is in',
    '[write an operator](../write-an-operator.md) and [the operator runtime](../runtime.md).',
  ];
  if (others.length > 0) lines.push('', 'Other entry points:', '', ...others);
  for (const [file, group] of Map.groupBy(names, ({ file }) => file)) {
    lines.push('', `## ${file}`);
    for (const { name, comment, declaration } of group) {
      lines.push('', `### ${name}`, '');
      if (comment !== '') lines.push(comment, '');
      lines.push('```ts', declaration, '```');
    }
  }
  return `${lines.join('\n')}\n`;
}

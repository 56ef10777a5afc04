import { join, relative } from 'node:path';
import {
  isClassDeclaration,
  isConstructorDeclaration,
  isFunctionDeclaration,
  isPrivateIdentifier,
  isVariableDeclaration,
  ModifierFlags,
  type Node,
  type SourceFile,
} from 'typescript/unstable/ast';
import { API, SymbolFlags } from 'typescript/unstable/sync';

/** A name that a module exports, with what its source says of it. */
export interface ExportedName {
  readonly name: string;
  /** Relative to the root of the package. */
  readonly file: string;
  /** The comment before the declaration as Markdown; '' when there is none. */
  readonly comment: string;
  /** The declaration without what it does: signatures, types, constants. */
  readonly declaration: string;
}

/**
 * What modules export, in the order of their sources. Asks the compiler that the repository is checked with, whose API is
 * not yet promised to stay: it is pinned, and a change of it shows here at once. `root` is the folder of the package,
 * `modules` are relative to it.
 */
export function runtimeExports(root: string, modules: readonly string[]): Map<string, ExportedName[]> {
  const config = join(root, 'reference.tsconfig.json');
  const api = new API({ cwd: root, fs: onlyThePackage(root, config, modules) });
  try {
    const [project] = api.updateSnapshot({ openProjects: [config] }).getProjects();
    if (project === undefined) throw new Error(`the compiler did not open ${config}`);
    const { checker, program } = project;
    return new Map(
      modules.map((module) => {
        const file = program.getSourceFile(join(root, module));
        const symbol = file === undefined ? undefined : checker.getSymbolAtLocation(file);
        if (symbol === undefined) throw new Error(`${module} is no module`);
        const names = checker.getExportsOfModule(symbol).filter(({ name }) => name !== 'default');
        const placed = names.map((exported) => {
          const target = exported.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
          const nodes = target.declarations
            .map((handle) => handle.resolve(project))
            .filter((node) => node !== undefined);
          const [first] = nodes;
          if (first === undefined) throw new Error(`${module} exports ${exported.name}, which is declared nowhere`);
          return { at: first.pos, name: describe(root, exported.name, nodes) };
        });
        placed.sort((a, b) => (a.name.file === b.name.file ? a.at - b.at : a.name.file < b.name.file ? -1 : 1));
        return [module, placed.map(({ name }) => name)];
      }),
    );
  } finally {
    api.close();
  }
}

/** A project of the package alone. Other packages are not needed to say what this one declares, and take ten seconds. */
function onlyThePackage(root: string, config: string, modules: readonly string[]) {
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2024',
    noLib: true,
    types: [],
    noEmit: true,
    allowImportingTsExtensions: true,
  };
  const text = JSON.stringify({ compilerOptions, files: modules.map((module) => join(root, module)) });
  const isOutside = (path: string): boolean => path.includes('/node_modules/');
  return {
    readFile: (path: string) => (path === config ? text : isOutside(path) ? null : undefined),
    fileExists: (path: string) => (path === config ? true : isOutside(path) ? false : undefined),
    directoryExists: (path: string) => (path.endsWith('/node_modules') || isOutside(path) ? false : undefined),
  };
}

function describe(root: string, name: string, nodes: readonly Node[]): ExportedName {
  const [first] = nodes;
  if (first === undefined) throw new Error(`${name} is declared nowhere`);
  // A type and a constant of one name share the comment of whichever has one.
  const comments = nodes.map((node) => commentBefore(statementOf(node)));
  return {
    name,
    file: relative(root, first.getSourceFile().fileName),
    comment: comments.find((comment) => comment !== '') ?? '',
    declaration: nodes.map(declarationOf).join('\n'),
  };
}

/** The whole statement: of a variable, the node is only its name and value. */
function statementOf(node: Node): Node {
  return isVariableDeclaration(node) ? node.parent.parent : node;
}

function commentBefore(node: Node): string {
  return rawComment(node)
    .replace(/^\/\*\*\s?|\s*\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim();
}

function rawComment(node: Node): string {
  const before = node.getSourceFile().text.slice(node.pos, node.getStart());
  return before.match(/\/\*\*[\s\S]*?\*\//g)?.at(-1) ?? '';
}

/** A value longer than this is no part of what a reader needs to know of a constant. */
const SHORT = 120;

function declarationOf(node: Node): string {
  const file = node.getSourceFile();
  if (isVariableDeclaration(node)) {
    const { type, initializer } = node;
    const name = `const ${textOf(file, node.name)}`;
    if (type !== undefined) return `${name}: ${textOf(file, type)};`;
    const value = initializer === undefined ? '' : textOf(file, initializer);
    return value.length <= SHORT ? `${name} = ${value};` : `${name};`;
  }
  if (isFunctionDeclaration(node)) return `${withoutBody(file, node, node.body)};`;
  if (isClassDeclaration(node)) {
    const [member] = node.members;
    const head = file.text.slice(node.getStart(), member?.pos ?? node.end).trimEnd();
    const members = node.members.filter(isShown).map((one) => indented(file, one));
    return `${exportless(head)}\n${members.join('\n')}\n}`;
  }
  return exportless(textOf(file, node));
}

function isShown(member: Node): boolean {
  const { name, modifierFlags } = member as { readonly name?: Node; readonly modifierFlags?: ModifierFlags };
  if (name !== undefined && isPrivateIdentifier(name)) return false;
  return ((modifierFlags ?? 0) & ModifierFlags.Private) === 0 || isConstructorDeclaration(member);
}

function indented(file: SourceFile, member: Node): string {
  const { body, initializer } = member as { readonly body?: Node; readonly initializer?: Node };
  const cut = body ?? initializer;
  const text = withoutBody(file, member, cut).replace(/\s*=$/, '').replace(/;$/, '');
  const comment = rawComment(member);
  return `${comment === '' ? '' : `  ${comment}\n`}  ${text};`;
}

function withoutBody(file: SourceFile, node: Node, body: Node | undefined): string {
  return exportless(file.text.slice(node.getStart(), body?.pos ?? node.end).trimEnd());
}

function textOf(file: SourceFile, node: Node): string {
  return file.text.slice(node.getStart(), node.end);
}

function exportless(text: string): string {
  return text.replace(/^export (default )?/, '');
}

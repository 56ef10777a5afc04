import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ownWorkload } from '../../workloads/order-book/oracle/testing/own-workload.ts';
import { places } from '../runtime/layout.ts';
import { names } from './engine-section.ts';

export interface Workload {
  readonly name: string;
  /** The file of the oracle's format. */
  readonly path: string;
  /** The same messages, decompressed: C++ and Rust read these. */
  readonly columns: string;
}

export interface Engine {
  readonly name: string;
  /** Version and licence for the page; empty for what is ours. */
  readonly origin: string;
  readonly prepare?: () => void;
  readonly command: (workload: Workload) => [program: string, ...args: string[]];
}

const cache = join(places.root, '.cache/bench-order-book');
const sources = join(import.meta.dirname, 'engines');
const node = process.execPath;

function read(path: string): string {
  return readFileSync(join(import.meta.dirname, path), 'utf8');
}

function ours(name: string, script: string, ...options: string[]): Engine {
  return { name, origin: '', command: ({ path }) => [node, join(sources, script), path, ...options] };
}

function crate(name: string, licence: string): Engine {
  const version = new RegExp(`^${name} = "=(.*)"$`, 'm').exec(read('engines/rust/Cargo.toml'))?.[1];
  const origin = `Rust, ${version}, ${licence}`;
  const program = join(cache, 'rust/release/sluice-bench-order-book');
  return { name, origin, prepare: buildCrates, command: ({ columns }) => [program, name, columns] };
}

function npm(name: string, licence: string, script: string): Engine {
  const manifest = JSON.parse(read('peers/package.json')) as { dependencies: Record<string, string> };
  const origin = `npm, ${manifest.dependencies[name]}, ${licence}`;
  const folder = join(cache, 'peers/node_modules', name);
  return { name, origin, prepare: installPeers, command: ({ path }) => [node, join(sources, script), path, folder] };
}

export const engines: readonly Engine[] = [
  ours(names.handedOver, 'handed-over.ts'),
  ours(names.whole, 'sluice.ts'),
  ours(names.plain, 'plain.ts'),
  ours('Sluice, inlining as V8 has it', 'sluice.ts', '--default-inlining'),
  {
    name: names.baseline,
    origin: 'textbook, ours',
    prepare: compileBaseline,
    command: ({ columns }) => [join(cache, 'std-map'), columns],
  },
  crate('rust-order-book', 'MIT'),
  crate('orderbook-rs', 'MIT'),
  crate('lobster', 'ISC'),
  npm('orderbook-match-engine', 'ISC', 'orderbook-match-engine.ts'),
  npm('nodejs-order-book', 'MIT', 'fasenderos.ts'),
  npm('hft-limit-order-book', 'MIT', 'fasenderos.ts'),
];

/** Compiles and installs what these engines need, each thing once. Nothing is written beside the sources. */
export function prepare(selected: readonly Engine[]): void {
  mkdirSync(cache, { recursive: true });
  for (const step of new Set(selected.map((engine) => engine.prepare))) step?.();
}

function compileBaseline(): void {
  const flags = ['-O3', '-march=native', '-std=c++20'];
  const stdio = ['ignore', 2, 2] as const;
  execFileSync('g++', [...flags, '-o', join(cache, 'std-map'), join(sources, 'std-map.cpp')], { stdio: [...stdio] });
}

function buildCrates(): void {
  const env = { ...process.env, CARGO_TARGET_DIR: join(cache, 'rust'), RUSTFLAGS: '-C target-cpu=native' };
  const args = ['build', '--release', '--locked', '--quiet', '--manifest-path', join(sources, 'rust/Cargo.toml')];
  execFileSync('cargo', args, { env, stdio: ['ignore', 2, 2] });
}

function installPeers(): void {
  cpSync(join(import.meta.dirname, 'peers'), join(cache, 'peers'), { recursive: true });
  const args = ['ci', '--ignore-scripts', '--no-fund', '--no-audit'];
  execFileSync('npm', args, { cwd: join(cache, 'peers'), stdio: ['ignore', 2, 2] });
}

/**
 * The public benchmark's files are not part of the repository; where they lie beside the checkout they are used. Otherwise two of
 * our own making.
 */
export function findWorkloads(): Workload[] {
  mkdirSync(cache, { recursive: true });
  const folder = process.env.WORKLOADS ?? join(places.root, '../shared/oracle/order-book');
  if (!existsSync(folder)) return [own(1), own(2)];
  const files = readdirSync(folder).filter((name) => name.endsWith('.cols.zst'));
  return files.map((file) => {
    const path = join(folder, file);
    const name = basename(file, '.cols.zst');
    const columns = join(cache, `${name}.cols`);
    writeFileSync(columns, zstdDecompressSync(readFileSync(path)));
    return { name, path, columns };
  });
}

function own(seed: number): Workload {
  const name = `own-${seed}`;
  const path = join(cache, `${name}.cols.zst`);
  const columns = join(cache, `${name}.cols`);
  const { flags, quantity, orderId, price } = ownWorkload(seed, 2_000_000);
  const bytes = Buffer.concat([flags, quantity, orderId, price].map(({ buffer }) => new Uint8Array(buffer)));
  writeFileSync(columns, bytes);
  writeFileSync(path, zstdCompressSync(bytes));
  return { name, path, columns };
}

import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { inlineMore } from '../../workloads/order-book/engine/tuning.ts';
import { readColumns } from '../../workloads/order-book/oracle/columns.ts';
import { measureWorkload } from '../../workloads/order-book/oracle/measure.ts';
import { ownWorkload } from '../../workloads/order-book/oracle/testing/own-workload.ts';
import { engineSection, type Trial } from './engine-section.ts';
import { conditionsLine, writeSection } from './page.ts';
import type { Pass } from './passes.ts';

const run = promisify(execFile);
const here = import.meta.dirname;
const cache = join(here, '../../.cache/bench-order-book');
const rounds = Number(process.env.ROUNDS || 5);
// make exports an empty ONLY when none is given.
const only = process.env.ONLY ? process.env.ONLY.split(',') : undefined;
// The public benchmark's files are not part of the repository; where they lie beside the checkout they are used.
const workloads = process.env.WORKLOADS ?? join(here, '../../../shared/oracle/order-book');

interface Engine {
  readonly name: string;
  readonly command: (workload: Workload) => [program: string, ...args: string[]];
}

interface Workload {
  readonly name: string;
  readonly path: string;
  /** The same messages, decompressed. */
  readonly columns: string;
}

const node = process.execPath;
const engines: readonly Engine[] = [
  { name: 'sluice', command: ({ path }) => [node, join(here, 'engines/sluice.ts'), path] },
  { name: 'C++ std::map', command: ({ columns }) => [join(cache, 'std-map'), columns] },
  {
    name: 'orderbook-match-engine',
    command: ({ path }) => [node, join(here, 'engines/orderbook-match-engine.ts'), path],
  },
  {
    name: 'nodejs-order-book',
    command: ({ path }) => [node, join(here, 'engines/fasenderos.ts'), 'nodejs-order-book', path],
  },
  {
    name: 'hft-limit-order-book',
    command: ({ path }) => [node, join(here, 'engines/fasenderos.ts'), 'hft-limit-order-book', path],
  },
];

inlineMore();
mkdirSync(cache, { recursive: true });
prepare();
const files = findWorkloads();
const conditions = await conditionsLine();
const trials: Trial[] = [];
for (let round = 1; round <= rounds; round++) {
  for (const workload of files) {
    for (const engine of engines) {
      if (only !== undefined && !only.includes(engine.name)) continue;
      const [program, ...args] = engine.command(workload);
      const { stdout } = await run(program, args);
      const passes = JSON.parse(stdout) as Pass[];
      trials.push({ engine: engine.name, workload: workload.name, passes });
      console.error(`round ${round} ${workload.name} ${engine.name}: ${passes.length} passes`);
    }
  }
}
const handedOver = [];
for (const { name, path } of files) handedOver.push({ name, ...(await measureWorkload(readColumns(path))) });
const text = engineSection({ trials, handedOver, rounds, conditions });
console.log(text);
if (process.env.WRITE === '1') await writeSection('engine', text);

/** Compiles the C++ engine and installs the npm peers from their lockfile. */
function prepare(): void {
  const flags = ['-O3', '-march=native', '-std=c++20'];
  execFileSync('g++', [...flags, '-o', join(cache, 'std-map'), join(here, 'engines/std-map.cpp')], {
    stdio: 'inherit',
  });
  if (existsSync(join(here, 'peers/node_modules'))) return;
  execFileSync('npm', ['ci', '--no-fund', '--no-audit'], { cwd: join(here, 'peers'), stdio: ['ignore', 2, 2] });
}

function findWorkloads(): Workload[] {
  if (!existsSync(workloads)) return [own(1), own(2)];
  const names = readdirSync(workloads).filter((name) => name.endsWith('.cols.zst'));
  return names.map((file) => {
    const path = join(workloads, file);
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

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { differences, generate } from './generator.ts';
import { generators } from './generators.ts';

const usage = `Usage: node hack/generate/main.ts [--check]

Writes every generated file: CRDs, reference pages, samples, dashboards.
  --check  write nothing; name the files that differ and exit 1`;

function main(): void {
  const root = resolve(import.meta.dirname, '../..');
  const { check, help } = options();
  if (help) {
    console.log(usage);
    return;
  }
  const found = check ? differences(root, generators) : generate(root, generators);
  for (const { path, kind } of found)
    console.log(`${check ? kind : kind === 'left over' ? 'removed' : 'wrote'}: ${path}`);
  if (check && found.length > 0) {
    console.error('Generated files differ from their sources: run `npm run generate` and commit the result.');
    process.exitCode = 1;
  }
}

function options(): { check: boolean; help: boolean } {
  try {
    const { values } = parseArgs({
      options: { check: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
    });
    return values;
  } catch (error) {
    console.error(`generate: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  }
}

main();

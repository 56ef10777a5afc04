import { seededBugs } from '../seeded-bugs/bugs.ts';
import type { Generator } from './generator.ts';
import { table } from './markdown.ts';

export const seededBugsGenerator: Generator = {
  name: 'seeded bugs',
  directories: [],
  files: () => [{ path: 'docs/seeded-bugs.md', content: page() }],
};

function page(): string {
  const lines = [
    '# Seeded bugs',
    '',
    'Generated from `hack/seeded-bugs/bugs.ts` by `make generate`; do not edit.',
    '',
    `${seededBugs.length} mistakes that operator runtimes have made. Each test run plants them in a copy of the sources, one at a time,`,
    'and fails unless the test beside it fails. The guarantees are those of [the operator runtime](runtime.md).',
  ];
  const groups = Map.groupBy(seededBugs, ({ guarantee }) => guarantee);
  for (const [guarantee, bugs] of [...groups].sort(([a], [b]) => a - b)) {
    const rows = bugs.map(({ name, file, caughtBy }) => [
      `${name[0]?.toUpperCase()}${name.slice(1)}`,
      `\`${file}\``,
      `\`${caughtBy.file}\`: ${caughtBy.test}`,
    ]);
    lines.push('', `## Guarantee ${guarantee}`, '', ...table(['Bug', 'Planted in', 'Found by'], rows));
  }
  return `${lines.join('\n')}\n`;
}

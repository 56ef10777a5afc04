import { existsSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { writeWhole } from '../../hack/cluster/files.ts';
import { places } from '../runtime/layout.ts';
import { replaceSection } from '../runtime/page.ts';
import { conditions } from '../runtime/results.ts';
import { randomReadNs } from './random-reads.ts';

/** The parts of bench/RESULTS-order-book.md in their order, each written by a command of its own. */
const titles = {
  engine: 'Matching engines, side by side: `make bench-engine`',
  journal: 'Durable before the answer: `make bench-journal`',
  rest: 'REST orders: `make bench-rest`',
  binary: 'Binary orders: `make bench-binary`',
  readers: 'Readers of every change: `make bench-readers`',
  publish: 'Trades to a broker: `make bench-publish`',
} as const;
export type SectionName = keyof typeof titles;

const path = join(places.root, 'bench/RESULTS-order-book.md');
const isEmpty = /^## .*\n\n<!-- (\w+) -->\n<!-- \/\1 -->\n\n?/gm;

/** Puts the section into bench/RESULTS-order-book.md and leaves the others as they are. `markdown` is without the heading. */
export async function writeSection(name: SectionName, markdown: string): Promise<void> {
  await writeWhole(path, withSection(existsSync(path) ? readFileSync(path, 'utf8') : '', name, markdown));
}

/** `page` with this section in its place. Sections that were never written have no heading either. */
export function withSection(page: string, name: SectionName, markdown: string): string {
  let text = '# Order book: benchmark results\n\nWritten by the commands in the headings; do not edit.\n\n';
  for (const [section, title] of Object.entries(titles)) {
    text += `## ${title}\n\n<!-- ${section} -->\n<!-- /${section} -->\n\n`;
    const kept = section === name ? markdown : contentOf(page, section);
    text = replaceSection(text, section, kept.trim());
  }
  return `${text.replace(isEmpty, '').trimEnd()}\n`;
}

function contentOf(page: string, section: string): string {
  return page.split(`<!-- ${section} -->\n`)[1]?.split(`<!-- /${section} -->`)[0] ?? '';
}

/** The sentence every section begins with. Ask for it before the measurement: it gives the load that was there without it. */
export async function conditionsLine(): Promise<string> {
  const { date, commit, machine, version } = await conditions(process.version);
  const load = loadavg()
    .map((average) => average.toFixed(1))
    .join(', ');
  const [near, far] = [8, 64].map((megabytes) => Math.round(randomReadNs(megabytes * 2 ** 20)));
  return `${machine}; Node ${version}; commit ${commit}; ${date.slice(0, 16)}Z; load average at the start ${load}; a random read in 8 MiB takes ${near} ns, in 64 MiB ${far}.`;
}

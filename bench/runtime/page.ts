import { spread } from './figures.ts';
import { type OperatorName, operatorNames } from './operators.ts';
import type { Conditions, MicroResults, Results, Trials } from './results.ts';

const titles: Readonly<Record<OperatorName, string>> = {
  sluice: '**@sluice/runtime** (TypeScript)',
  'controller-runtime': 'controller-runtime (Go)',
  'kube-rs': 'kube-rs (Rust)',
  'java-operator-sdk': 'java-operator-sdk (Java)',
  kopf: 'kopf (Python)',
  'client-node': '@kubernetes/client-node informers (TypeScript)',
  'dot-i': '@dot-i/k8s-operator (TypeScript)',
};

/** The tables of all that was measured, as Markdown. */
export function runtimeTables(results: Results): string {
  const sizes = new Set(Object.values(results).flatMap(({ trials }) => Object.keys(trials).map(Number)));
  const bySize = [...sizes].sort((a, b) => a - b).map((size) => trialTable(results, size));
  return [...bySize, idleTable(results)].filter((table) => table !== '').join('\n\n');
}

/** The lines of the micro-benchmarks as a table. */
export function microTable(micro: MicroResults | undefined): string {
  if (micro === undefined) return '';
  const rows = micro.lines.map((line) => {
    const colon = line.indexOf(': ');
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
  const lines = ['| what | figure |', '| --- | --- |', ...rows.map((cells) => `| ${cells.join(' | ')} |`)];
  return [lines.join('\n'), `Node ${micro.version}. ${conditionsOf([micro])}`].join('\n\n');
}

export function trialTable(results: Results, size: number): string {
  const reference = results['controller-runtime']?.trials[size];
  const referenceSeconds = reference === undefined ? Number.NaN : median(reference, 'readySeconds');
  const measured: Trials[] = [];
  const rows = operatorNames.flatMap((name) => {
    const trials = results[name]?.trials[size];
    if (trials === undefined) return [];
    measured.push(trials);
    const { rounds, failures, version } = trials;
    if (rounds.length === 0) return [[titles[name], version, `failed: ${failures.join('; ')}`, ...Array(7).fill('')]];
    const seconds = range(trials, 'readySeconds', 1);
    const ratio = fixed(median(trials, 'readySeconds') / referenceSeconds, 2);
    const failed = failures.length === 0 ? '' : ` (${failures.length} rounds failed)`;
    return [
      [
        titles[name],
        version,
        seconds + failed,
        ratio,
        fixed(median(trials, 'callsPerResource'), 2),
        range(trials, 'pacedP50Ms', 1),
        range(trials, 'pacedP99Ms', 1),
        range(trials, 'cpuSeconds', 1),
        fixed(median(trials, 'startRssMb'), 0),
        range(trials, 'peakRssMb', 0),
      ],
    ];
  });
  if (rows.length === 0) return '';
  const count = Math.max(...measured.map(({ rounds }) => rounds.length));
  const head = [
    'runtime',
    'version',
    'all Ready, s',
    '× Go',
    'calls each',
    'p50, ms',
    'p99, ms',
    'CPU, s',
    'RSS at start, MB',
    'peak RSS, MB',
  ];
  const title = `### ${size.toLocaleString('en')} resources, ${count === 1 ? 'one round' : `${count} rounds`}`;
  return [title, table(head, rows), conditionsOf(measured)].join('\n\n');
}

export function idleTable(results: Results): string {
  const measured: Conditions[] = [];
  let title = '';
  const rows = operatorNames.flatMap((name) => {
    const idle = results[name]?.idle;
    if (idle === undefined) return [];
    measured.push(idle);
    const { resources, seconds, rssMb, writes, reads, cpuSeconds } = idle.figures;
    title = `### ${seconds / 60} idle minutes with ${resources.toLocaleString('en')} resources`;
    return [[titles[name], idle.version, fixed(rssMb, 0), String(writes), String(reads), fixed(cpuSeconds, 2)]];
  });
  if (rows.length === 0) return '';
  return [
    title,
    table(['runtime', 'version', 'RSS, MB', 'writes', 'reads', 'CPU, s'], rows),
    conditionsOf(measured),
  ].join('\n\n');
}

type NumberKey = {
  [K in keyof Trials['rounds'][number]]: Trials['rounds'][number][K] extends number ? K : never;
}[keyof Trials['rounds'][number]];

function median({ rounds }: Trials, key: NumberKey): number {
  return spread(rounds.map((round) => round[key])).median;
}

/** Median, and the least and greatest when they say more. */
function range({ rounds }: Trials, key: NumberKey, digits: number): string {
  const { median, min, max } = spread(rounds.map((round) => round[key]));
  if (rounds.length === 1) return fixed(median, digits);
  return `${fixed(median, digits)} (${fixed(min, digits)}–${fixed(max, digits)})`;
}

function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '';
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, index) => (index < 2 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

function conditionsOf(measured: readonly Conditions[]): string {
  const [first] = measured;
  if (first === undefined) return '';
  const dates = [...new Set(measured.map(({ date }) => date.slice(0, 10)))].sort().join(', ');
  const commits = [...new Set(measured.map(({ commit }) => commit))].join(', ');
  return `Measured ${dates} at ${commits} on ${first.machine}.`;
}

/** `page` with `content` between `<!-- name -->` and `<!-- /name -->`; an empty content leaves it as it is. */
export function replaceSection(page: string, name: string, content: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(open), page.indexOf(close)];
  if (from < 0 || to < from) throw new Error(`the page has no ${open} … ${close}`);
  if (content === '') return page;
  return `${page.slice(0, from)}${open}\n${content}\n${page.slice(to)}`;
}

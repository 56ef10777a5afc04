import { readdir, readFile } from 'node:fs/promises';

/** What a process and its children use, as Linux counts it. */
export interface Usage {
  readonly rssMb: number;
  /** User and system time since the start, of living processes and of children that ended. */
  readonly cpuSeconds: number;
}

// Linux counts CPU time in ticks of 1/100 s on every machine Node runs on (sysconf(_SC_CLK_TCK)).
const TICKS_PER_SECOND = 100;

/** Usage of `pid` and all below it. A process that ends meanwhile counts as nothing. */
export async function processUsage(pid: number): Promise<Usage> {
  const usages = await Promise.all((await treeOf(pid)).map(usageOf));
  return {
    rssMb: usages.reduce((sum, { rssMb }) => sum + rssMb, 0),
    cpuSeconds: usages.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
  };
}

export interface MemoryWatch {
  /** Ends the sampling and gives the highest sum of RSS seen, and the samples' median. */
  stop(): Promise<{ peakMb: number; medianMb: number }>;
}

/** Samples the RSS of `pid` and all below it until it is stopped. */
export function watchMemory(pid: number, everyMs: number): MemoryWatch {
  const samples: number[] = [];
  let running = true;
  const sampling = (async () => {
    while (running) {
      samples.push((await processUsage(pid)).rssMb);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  })();
  return {
    async stop() {
      running = false;
      await sampling;
      const sorted = samples.toSorted((a, b) => a - b);
      return { peakMb: sorted.at(-1) ?? 0, medianMb: sorted[Math.floor(sorted.length / 2)] ?? 0 };
    },
  };
}

async function treeOf(root: number): Promise<number[]> {
  const found = [root];
  for (const pid of found) {
    for (const thread of await readdir(`/proc/${pid}/task`).catch(() => [])) {
      const children = await readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '');
      for (const child of children.trim().split(' ')) if (child !== '') found.push(Number(child));
    }
  }
  return found;
}

async function usageOf(pid: number): Promise<Usage> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
    readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''),
  ]);
  // The program's name is in parentheses and may hold spaces; utime, stime, cutime and cstime are fields 14 to 17.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  const kilobytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
  return { rssMb: kilobytes / 1024, cpuSeconds: ticks / TICKS_PER_SECOND };
}

import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { fileURLToPath } from 'node:url';

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}
interface Script {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly Range[]; readonly isBlockCoverage: boolean }[];
}

/** Code that ran: by file, 1 for each character of it. */
export type Footprint = ReadonlyMap<string, Uint8Array>;

/**
 * Which code of some files has run, from V8's block counters. It counts what is loaded after it was made: functions that are compiled
 * already have no counters. Types are blanked out, not removed, when Node loads TypeScript, so offsets are those of the source.
 */
export class Coverage {
  private readonly session = new Session();
  private readonly isWatched: (url: string) => boolean;
  private readonly seen = new Map<string, Uint8Array>();
  private readonly sizes = new Map<string, number>();

  /** `isWatched`: whether code at a `file:` URL counts. */
  constructor(isWatched: (url: string) => boolean) {
    this.isWatched = isWatched;
    this.session.connect();
    this.session.post('Profiler.enable');
    this.session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** What ran since the last call and never before that was kept; undefined when nothing. */
  takeNew(): Footprint | undefined {
    const found = new Map<string, Uint8Array>();
    for (const { url, functions } of this.take()) {
      const ran = this.paint(url, functions);
      const known = this.seen.get(url);
      if (known === undefined ? ran.includes(1) : hasMore(ran, known)) found.set(url, ran);
    }
    return found.size === 0 ? undefined : found;
  }

  /** Remembers what ran. Returns how many characters of it are new. */
  keep(footprint: Footprint): number {
    let added = 0;
    for (const [url, ran] of footprint) {
      const known = this.seen.get(url) ?? new Uint8Array(ran.length);
      for (let at = 0; at < ran.length; at++) {
        if (ran[at] !== 1 || known[at] === 1) continue;
        known[at] = 1;
        added++;
      }
      this.seen.set(url, known);
    }
    return added;
  }

  /** By file: lines with code in functions, and those of them that ran wholly. */
  lines(): { readonly file: string; readonly lines: number; readonly covered: number }[] {
    return [...this.seen].map(([url, ran]) => {
      const file = fileURLToPath(url);
      const counts = { file, lines: 0, covered: 0 };
      let at = 0;
      for (const line of readFileSync(file, 'utf8').split('\n')) {
        const isCode =
          /[a-z0-9]/i.test(line) && !/^\s*(\/\/|\/?\*|import |export (type|interface) |readonly )/.test(line);
        const from = at + line.length - line.trimStart().length;
        if (isCode) counts.lines++;
        if (isCode && !ran.subarray(from, at + line.length).includes(0)) counts.covered++;
        at += line.length + 1;
      }
      return counts;
    });
  }

  stop(): void {
    this.session.post('Profiler.stopPreciseCoverage');
    this.session.disconnect();
  }

  private take(): Script[] {
    let scripts: Script[] = [];
    // Calls to the own thread are answered before `post` returns.
    this.session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error !== null) throw error;
      scripts = result.filter(({ url }) => this.isWatched(url));
    });
    return scripts;
  }

  /** Ranges come from the outside to the inside, so that the last one over a character tells its count. */
  private paint(url: string, functions: Script['functions']): Uint8Array {
    let size = this.sizes.get(url);
    if (size === undefined) {
      size = readFileSync(fileURLToPath(url), 'utf8').length;
      this.sizes.set(url, size);
    }
    const ran = new Uint8Array(size);
    for (const { ranges } of functions) {
      for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
    }
    return ran;
  }
}

function hasMore(ran: Uint8Array, known: Uint8Array): boolean {
  for (let at = 0; at < ran.length; at++) if ((ran[at] as number) > (known[at] as number)) return true;
  return false;
}

/** One stage of `make test`: a command and the way its result is counted. */
export interface Stage {
  readonly name: string;
  /** What the stage shows, for the progress line. */
  readonly about: string;
  readonly command: readonly [string, ...string[]];
  /** How many tests ran: `one` = the command itself is the test, `vitest` = its JSON report, `go` = `go test -json`. */
  readonly counts: 'one' | 'vitest' | 'go';
  readonly cwd?: string;
  /** The command is killed and counted as failed after so many minutes. */
  readonly limitMinutes: number;
}

/** Cheap and telling first, the real cluster last. `node` is the Node binary that runs this program. */
export function stages(node: string): readonly Stage[] {
  const vitest = (project: string): Stage['command'] => [
    node,
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project',
    project,
  ];
  const goTest: Stage['command'] = ['go', 'test', '-json', './...'];
  return [
    {
      name: 'lint',
      about: 'Biome: lint and format',
      command: ['node_modules/.bin/biome', 'check', '.'],
      counts: 'one',
      limitMinutes: 2,
    },
    {
      name: 'types',
      about: 'TypeScript, strict',
      command: ['node_modules/.bin/tsc', '-p', '.'],
      counts: 'one',
      limitMinutes: 3,
    },
    {
      name: 'generated',
      about: 'CRDs, references, samples and dashboards match their source',
      command: [node, 'hack/generate/main.ts', '--check'],
      counts: 'one',
      limitMinutes: 2,
    },
    { name: 'go-drain', about: 'drain agent', command: goTest, counts: 'go', cwd: 'workloads/drain', limitMinutes: 5 },
    { name: 'go-app', about: 'Go sample app', command: goTest, counts: 'go', cwd: 'workloads/go-app', limitMinutes: 5 },
    {
      name: 'unit',
      about: 'pure code, properties, crash suites',
      command: vitest('unit'),
      counts: 'vitest',
      limitMinutes: 15,
    },
    {
      name: 'seeded-bugs',
      about: 'every bug planted in the runtime makes the test named for it fail',
      command: [node, 'hack/seeded-bugs/main.ts'],
      counts: 'one',
      limitMinutes: 5,
    },
    {
      name: 'integration',
      about: 'against etcd and kube-apiserver (built on first use)',
      command: vitest('integration'),
      counts: 'vitest',
      limitMinutes: 40,
    },
    {
      name: 'e2e',
      about: 'on a real kind cluster (built on first use)',
      command: vitest('e2e'),
      counts: 'vitest',
      limitMinutes: 60,
    },
  ];
}

export interface Count {
  readonly passed: number;
  readonly failed: number;
}

/** A command that is itself the test. */
export function countExit(exitCode: number | null): Count {
  return exitCode === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/**
 * Counts a vitest JSON report. A test that did not run (skipped, todo, or in a file that could not be loaded) counts as
 * failed: this project has no tests that may be left out. A run that exits non-zero without a failed test has one failure.
 */
export function countVitest(report: unknown, exitCode: number | null): Count {
  const { numTotalTests: total, numPassedTests: passed } = (report ?? {}) as {
    numTotalTests?: number;
    numPassedTests?: number;
  };
  if (typeof total !== 'number' || typeof passed !== 'number') return { passed: 0, failed: 1 };
  const failed = total - passed;
  const silentFailure = failed === 0 && (exitCode !== 0 || total === 0);
  return { passed, failed: silentFailure ? 1 : failed };
}

/** Counts top-level tests and subtests in the lines of `go test -json`, plus packages that failed without a failed test. */
export function countGo(lines: readonly string[], exitCode: number | null): Count {
  let passed = 0;
  let failed = 0;
  for (const line of lines) {
    if (!line.startsWith('{')) continue;
    const event = JSON.parse(line) as { Action?: string; Test?: string };
    if (event.Test === undefined) continue;
    if (event.Action === 'pass') passed++;
    if (event.Action === 'fail' || event.Action === 'skip') failed++;
  }
  return { passed, failed: failed === 0 && (exitCode !== 0 || passed === 0) ? 1 : failed };
}

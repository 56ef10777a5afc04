import { relative, resolve } from 'node:path';
import { createVitest, type TestCase, type TestModule, type TestSpecification } from 'vitest/node';
import type { SeededBug } from './bugs.ts';
import { plant } from './plant.ts';

const root = resolve(import.meta.dirname, '../..');
const SOUND = 'without a bug';

export interface Verdict {
  readonly bug: SeededBug;
  /** Undefined: the test passes without the bug and fails with it, by an assertion. */
  readonly complaint: string | undefined;
}

/**
 * Runs the tests that are to catch the bugs, once without any bug and each with its bug, in one start of vitest. `underWay`
 * holds the names of the tests that run at the moment: a bug may well keep its test from ending.
 */
export async function judge(bugs: readonly SeededBug[], underWay: Set<string>): Promise<Verdict[]> {
  const planted = bugs.map((bug) => ({ bug, ...plant(bug.file, bug.edits) }));
  // What one project has transformed must not be taken from a cache for another.
  const project = (name: string) => ({ name, root, include: [], fsModuleCache: false, testTimeout: 120_000 });
  const vitest = await createVitest({
    root,
    config: false,
    watch: false,
    // A bug may spin: threads end with this process, child processes would not.
    pool: 'threads',
    reporters: [
      {
        onTestCaseReady: (test) => void underWay.add(nameOf(test)),
        onTestCaseResult: (test) => void underWay.delete(nameOf(test)),
      },
    ],
    projects: [
      { test: project(SOUND) },
      ...planted.map(({ bug, plugin }) => ({ plugins: [plugin], test: project(bug.name) })),
    ],
  });
  const testsOf = (name: string, those: readonly SeededBug[]): TestSpecification[] =>
    [...Map.groupBy(those, ({ caughtBy }) => caughtBy.file)].map(([file, ofFile]) =>
      vitest
        .getProjectByName(name)
        .createSpecification(resolve(root, file), { testNames: ofFile.map(({ caughtBy }) => caughtBy.test) }),
    );
  try {
    const { testModules } = await vitest.runTestSpecifications([
      ...testsOf(SOUND, bugs),
      ...bugs.flatMap((bug) => testsOf(bug.name, [bug])),
    ]);
    return planted.map(({ bug, isLoaded }) => {
      const without = outcomeOf(testModules, SOUND, bug.caughtBy);
      if (without !== 'passed') return { bug, complaint: `without the bug: ${without}` };
      const outcome = outcomeOf(testModules, bug.name, bug.caughtBy);
      if (outcome === 'failed by an assertion') return { bug, complaint: undefined };
      return { bug, complaint: isLoaded() ? outcome : `${bug.file} is not loaded by the test` };
    });
  } finally {
    await vitest.close();
  }
}

function nameOf({ project, fullName }: TestCase): string {
  return `${project.name}: ${fullName}`;
}

/** What became of one test: `passed`, `failed by an assertion`, or what else. */
function outcomeOf(modules: readonly TestModule[], project: string, { file, test }: SeededBug['caughtBy']): string {
  const module = modules.find((one) => one.project.name === project && relative(root, one.moduleId) === file);
  if (module === undefined) return `no file ${file}`;
  const [broken] = module.errors();
  if (broken !== undefined) return `${file} cannot be loaded: ${broken.message}`;
  const found = [...module.children.allTests()].find(({ fullName }) => fullName === test);
  const result = found?.result();
  if (result?.state !== 'failed') return result?.state ?? `no test "${test}" in ${file}`;
  const [error] = result.errors;
  return isAssertion(error) ? 'failed by an assertion' : `failed by ${error?.name}: ${error?.message}`;
}

/** A property that failed carries the assertion that failed as its cause. */
function isAssertion(error: { name?: string; cause?: unknown } | undefined): boolean {
  if (error === undefined || error === null) return false;
  return error.name === 'AssertionError' || isAssertion(error.cause as typeof error);
}

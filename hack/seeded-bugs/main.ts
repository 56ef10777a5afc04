/**
 * Plants each seeded bug of the runtime and demands that the test named for it fails: proof that these tests can. An
 * argument picks the bugs with this text in their name.
 */
import { seededBugs } from './bugs.ts';
import { judge } from './run.ts';

const LIMIT_MS = 240_000;

const chosen = seededBugs.filter(({ name }) => name.includes(process.argv[2] ?? ''));
const underWay = new Set<string>();
const started = performance.now();
setTimeout(() => {
  console.error(`no end after ${LIMIT_MS / 1000} s of: ${[...underWay].join('; ')}`);
  process.exit(1);
}, LIMIT_MS).unref();
const verdicts = await judge(chosen, underWay);
for (const { bug, complaint } of verdicts) {
  console.log(`  ${complaint === undefined ? 'caught' : 'MISSED'}  ${bug.guarantee}  ${bug.name}`);
  if (complaint !== undefined) console.log(`          ${bug.caughtBy.test}: ${complaint}`);
}
const missed = verdicts.filter(({ complaint }) => complaint !== undefined);
const seconds = Math.round((performance.now() - started) / 1000);
console.log(`${verdicts.length - missed.length} of ${verdicts.length} seeded bugs are caught, in ${seconds} s`);
process.exitCode = missed.length === 0 ? 0 : 1;

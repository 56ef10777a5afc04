import { parseArgs } from 'node:util';
import { runKills } from './testing/kill-run.ts';

// `node kills.ts --kills 300 --broker nats --seed 1`: kill -9 of a book and its broker under load through both doors, again and again. Ends with 1 when an acknowledged
// order is lost, or a trade is doubled, missing or different at the consumer of the broker.

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '300' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    broker: { type: 'string', default: 'nats' },
  },
});
const [kills, seed] = [Number(values.kills), Number(values.seed)];
const { broker } = values;
if (!Number.isInteger(kills) || kills < 1 || !Number.isInteger(seed) || (broker !== 'nats' && broker !== 'redis')) {
  process.stderr.write('usage: kills.ts [--kills 300] [--seed 1] [--broker nats|redis]\n');
  process.exit(2);
}

process.stdout.write(`${kills} kills, broker ${broker}, seed ${seed}\n`);
let count = 0;
const report = await runKills({
  kills,
  seed,
  broker,
  onKill: (line) => {
    if (++count % 10 === 0 || count === kills) process.stdout.write(`${line}\n`);
  },
});
const { killed, rest, binary, fills, trades, repeated, seconds, faults } = report;
process.stdout.write(
  `killed ${killed.book} times the book, ${killed.broker} times the broker, ${killed.both} times both, in ${seconds.toFixed(0)} s
${rest} orders acknowledged over REST with ${fills} fills, ${binary} through the binary port; ${trades} trades at the consumer (${repeated} came again and were skipped)
${faults.length === 0 ? '0 orders lost, 0 trades doubled, 0 missing, 0 different' : `${faults.length} faults:\n${faults.join('\n')}`}\n`,
);
process.exitCode = faults.length === 0 ? 0 : 1;

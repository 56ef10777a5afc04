import { Operator } from '../index.ts';
import { original } from './original.ts';
import { sampleOperator } from './sample-operator.ts';

// run-sample.ts original|ours NAMESPACE: the sample operator as a process of its own. Prints a line for each event. The
// handler throws at the first event of an object named `flaky`, once.

const [, , base, namespace = ''] = process.argv;
// Classes with private members are never one type to the compiler; surface.test.ts compares the two member by member.
const Base = base === 'original' ? (original.default as unknown as typeof Operator) : Operator;
let hasFailed = false;

await sampleOperator(Base, {
  namespace,
  onEvent(type, name) {
    console.log(JSON.stringify({ type, name }));
    if (name !== 'flaky' || hasFailed) return;
    hasFailed = true;
    throw new Error('the first try fails');
  },
}).start();

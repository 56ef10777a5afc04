import type * as theirs from '@dot-i/k8s-operator';
import { expect, test } from 'vitest';
import * as ours from './index.ts';
import { original } from './testing/original.ts';

type Theirs = InstanceType<Concrete<typeof original.default>>;
type Ours = ours.Operator;
type Concrete<C> = C extends abstract new (...args: infer A) => infer I ? new (...args: A) => I : never;

/** What is ours takes the place of what is theirs and the other way round; compiled by `tsc`, which is the test. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

/** Parameters as a tuple, since the compiler forgives methods that take too little. */
type Fn = (...args: never) => unknown;
type SameCall<A extends Fn, B extends Fn> = [
  Same<Parameters<A>, Parameters<B>>,
  Same<ReturnType<A>, ReturnType<B>>,
] extends [true, true]
  ? true
  : false;

// An enum of theirs and a union of ours have the same values at run time, but are two types: compare the rest.
type Event<E extends { type: string }> = Omit<E, 'type'> & { type: `${E['type']}` };
type Tail<F> = F extends (group: string, version: string, plural: string, onEvent: never, ...rest: infer R) => infer T
  ? (...rest: R) => T
  : never;

/** Every member that a subclass sees. Protected ones are no keys of the type, so each is named. */
interface SameMembers {
  constructor: Same<ConstructorParameters<typeof original.default>[0], ConstructorParameters<typeof ours.Operator>[0]>;
  logger: Same<Theirs['logger'], Ours['logger']>;
  start: SameCall<Theirs['start'], Ours['start']>;
  stop: SameCall<Theirs['stop'], Ours['stop']>;
  init: SameCall<Theirs['init'], Ours['init']>;
  registerCustomResourceDefinition: SameCall<
    Theirs['registerCustomResourceDefinition'],
    Ours['registerCustomResourceDefinition']
  >;
  getCustomResourceApiUri: SameCall<Theirs['getCustomResourceApiUri'], Ours['getCustomResourceApiUri']>;
  watchResource: SameCall<Tail<Theirs['watchResource']>, Tail<Ours['watchResource']>>;
  setResourceStatus: SameCall<Theirs['setResourceStatus'], Ours['setResourceStatus']>;
  patchResourceStatus: SameCall<Theirs['patchResourceStatus'], Ours['patchResourceStatus']>;
  handleResourceFinalizer: Same<
    ReturnType<Theirs['handleResourceFinalizer']>,
    ReturnType<Ours['handleResourceFinalizer']>
  >;
  setResourceFinalizers: SameCall<Theirs['setResourceFinalizers'], Ours['setResourceFinalizers']>;
  applyAxiosKubeConfigAuth: SameCall<Theirs['applyAxiosKubeConfigAuth'], Ours['applyAxiosKubeConfigAuth']>;
  applyGaxiosKubeConfigAuth: SameCall<Theirs['applyGaxiosKubeConfigAuth'], Ours['applyGaxiosKubeConfigAuth']>;
}

const members: SameMembers = {
  constructor: true,
  logger: true,
  start: true,
  stop: true,
  init: true,
  registerCustomResourceDefinition: true,
  getCustomResourceApiUri: true,
  watchResource: true,
  setResourceStatus: true,
  patchResourceStatus: true,
  handleResourceFinalizer: true,
  setResourceFinalizers: true,
  applyAxiosKubeConfigAuth: true,
  applyGaxiosKubeConfigAuth: true,
};

// The comparison is no formality:
// @ts-expect-error a wider parameter is another type
const wider: SameCall<Theirs['stop'], (reason?: string) => void> = true;
// @ts-expect-error so is another result
const other: SameCall<Theirs['setResourceStatus'], (meta: ours.ResourceMeta, status: unknown) => Promise<void>> = true;

interface SameTypes {
  event: Same<Event<theirs.ResourceEvent>, Event<ours.ResourceEvent>>;
  eventType: Same<`${theirs.ResourceEventType}`, ours.ResourceEventType>;
  meta: Same<theirs.ResourceMeta, ours.ResourceMeta>;
  metaMakers: Same<keyof typeof theirs.ResourceMetaImpl, keyof typeof ours.ResourceMetaImpl>;
  logger: Same<theirs.OperatorLogger, ours.OperatorLogger>;
}
const types: SameTypes = { event: true, eventType: true, meta: true, metaMakers: true, logger: true };

test('the members of both classes have the same types', () => {
  expect(Object.values({ ...members, ...types, wider, other }).every(Boolean)).toBe(true);
});

test('no method of the original is missing here, and none is compared that it does not have', () => {
  const privates = ['resourceStatusRequest', 'errorToJson'];
  const methods = Object.getOwnPropertyNames(original.default.prototype).filter((name) => !privates.includes(name));
  const compared = Object.keys(members).filter((name) => name !== 'logger' && name !== 'init');
  expect(methods.sort()).toEqual(compared.sort());
  expect(Object.getOwnPropertyNames(ours.Operator.prototype)).toEqual(expect.arrayContaining(methods));
});

test('a module exports here what it exports there', () => {
  const names = Object.keys(original).filter((name) => name !== '__esModule');
  expect(Object.keys(ours)).toEqual(expect.arrayContaining(names));
  expect(ours.ResourceEventType).toEqual(original.ResourceEventType);
  expect(ours.default).toBe(ours.Operator);
});

import type { KindName } from '../index.ts';

/** A spec that the API server must refuse, and a part of the sentence it must refuse it with. */
export interface Refusal {
  /** What is wrong with it; the title of the test. */
  readonly wrong: string;
  readonly kind: KindName;
  readonly name?: string;
  readonly spec: unknown;
  /** The resource is first created with this spec: the refusal is one of a change. */
  readonly before?: unknown;
  readonly sentence: string;
}

type Spec = Readonly<Record<string, unknown>>;

/** Cases of one kind: each changes some fields of a good spec; `undefined` takes a field away. */
export function refusalsOf(kind: KindName, good: Spec) {
  return {
    create: (wrong: string, change: Spec, sentence: string): Refusal => ({
      wrong,
      kind,
      spec: { ...good, ...change },
      sentence,
    }),
    update: (wrong: string, from: Spec, to: Spec, sentence: string): Refusal => ({
      wrong,
      kind,
      before: { ...good, ...from },
      spec: { ...good, ...to },
      sentence,
    }),
    named: (wrong: string, name: string, sentence: string): Refusal => ({ wrong, kind, name, spec: good, sentence }),
  };
}

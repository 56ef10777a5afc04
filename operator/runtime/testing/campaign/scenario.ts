import type { Clock, Random } from '../../clock.ts';
import type { Controller } from '../../controller/builder.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject, ObjectKey, Resource } from '../../kube/object.ts';
import type { CustomResourceDefinition } from '../../kube/resources.ts';

/** A write that the server accepted. */
export interface Write {
  /** Who wrote: the user agent. */
  readonly who: string;
  readonly isOperator: boolean;
  readonly resource: Resource;
  readonly key: ObjectKey;
  /** When it was sent, in monotonic milliseconds: a process that is frozen may have sent it long before it arrived. */
  readonly sentAt: number;
  /** Undefined: it was made by this write. */
  readonly before: KubeObject | undefined;
  /** Undefined: it is gone. */
  readonly after: KubeObject | undefined;
}

/** The world as it truly is, for simulators and oracles; processes see it only through the API. */
export interface Stage {
  readonly clock: Clock;
  readonly random: Random;
  /** All objects of a resource; never to be changed. */
  objects<T extends KubeObject>(resource: Resource<T>): readonly T[];
  find<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): T | undefined;
  /** Calls `fn` after each accepted write. */
  onWrite(fn: (write: Write) => void): void;
  /** A client without faults, under a name of its own. */
  client(who: string): KubeClient;
}

/** What stands in for kubelets, built-in controllers and the programs in the pods. */
export interface Simulator {
  /** Rejections that it met; any is a failure of the run. */
  readonly failures: readonly string[];
}

/** One thing that people do to the resources in a scenario. */
export interface UserAction<S extends Simulator> {
  readonly what: string;
  act(stage: Stage, simulator: S): Promise<void>;
  /** The next action comes after so many milliseconds, or when nothing moves any more. */
  readonly until: number | 'quiet';
  /** Looked at when nothing moves any more: what is not as it should be. For actions with `until: 'quiet'`. */
  readonly expect?: (stage: Stage) => string | undefined;
}

/**
 * What users do to a world, and what must hold of it. A scenario that is `calm` waits after each action until nothing moves,
 * so that each of its actions must have its whole effect.
 */
export interface Scenario<S extends Simulator = Simulator> {
  readonly name: string;
  readonly calm: boolean;
  /** Of everything that takes part. */
  readonly resources: readonly Resource[];
  /** With their schemas, as the server serves them. */
  readonly definitions: readonly CustomResourceDefinition[];
  /** Makes what is there before the operator starts. */
  prepare(client: KubeClient): Promise<void>;
  simulate(stage: Stage): S;
  /** New ones for each process. */
  controllers(simulator: S): readonly Controller[];
  readonly actions: readonly UserAction<S>[];
  /** Writes that never end and change nothing, such as renewals of a lease by the programs in the pods. */
  isNoise(write: Write): boolean;
  /** Safety, asked at every write: what may never be written. */
  forbids(write: Write, stage: Stage): string | undefined;
  /** What this write destroys that cannot be made again; undefined: nothing. */
  destroys(write: Write, stage: Stage): string | undefined;
  /** What of an object must be the same in the end, however it came to be; undefined: nothing of it. */
  essence(object: KubeObject, resource: Resource): unknown;
  /** What is wrong with the world when nothing moves any more after the last action. */
  verdict(stage: Stage): readonly string[];
}

import type { KubernetesObject } from '@kubernetes/client-node';
import type { Operator, ResourceEvent } from '../index.ts';

interface Greeting extends KubernetesObject {
  spec: { names: string[] };
  status?: { greeted: number };
}

export interface SampleOptions {
  readonly namespace: string;
  /** Hears of every event. What it throws, the handler throws. */
  readonly onEvent: (type: string, name: string) => void;
}

/**
 * One operator for two base classes: says in the status of a Greeting how many it names, and holds it by a finalizer. It
 * uses what both bases have, as a user of the original package would.
 */
export function sampleOperator(Base: typeof Operator, { namespace, onEvent }: SampleOptions): Operator {
  class Greeter extends Base {
    protected async init(): Promise<void> {
      await this.watchResource('dot-i.example.org', 'v1', 'greetings', (event) => this.#greet(event), namespace);
    }

    async #greet(event: ResourceEvent): Promise<void> {
      onEvent(event.type, event.meta.name);
      const { spec, status } = event.object as Greeting;
      if (event.type === 'DELETED') return;
      if (await this.handleResourceFinalizer(event, 'dot-i.example.org/greeter', async () => {})) return;
      const greeted = spec.names.length;
      if (status?.greeted !== greeted) await this.setResourceStatus(event.meta, { greeted });
    }
  }
  return new Greeter({
    debug: () => {},
    info: (message) => console.error(`info: ${message}`),
    warn: (message) => console.error(`warn: ${message}`),
    error: (message) => console.error(`error: ${message}`),
  });
}

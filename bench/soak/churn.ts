import { AppDeployment, OrderBook, SequenceCounter } from '@sluice/api';
import { type KubeClient, type KubeObject, Namespace, type Random, type Resource } from '@sluice/runtime';

/** What is in the cluster at any time, of each kind. */
const POPULATION = { counters: 8, apps: 8, books: 4 };
const NAMESPACES = 3;

type Kind = { readonly resource: Resource; readonly spec: (random: Random) => object };

const apiVersion = 'sluice.dev/v1alpha1';
const upTo = (random: Random, count: number): number => 1 + Math.floor(random() * count);

const counter: Kind = { resource: SequenceCounter, spec: (random) => ({ replicas: upTo(random, 3) }) };
const app: Kind = {
  resource: AppDeployment,
  spec: (random) => ({
    version: `1.${upTo(random, 20)}.0`,
    image: `example.org/app:${upTo(random, 20)}`,
    replicas: upTo(random, 3),
    ports: [{ name: 'http', containerPort: 8080 }],
    // Nothing runs pods here: each rollout would be reported as stalled when its deadline has passed.
    progressDeadlineSeconds: 86_400,
  }),
};
const book: Kind = {
  resource: OrderBook,
  spec: (random) => ({
    symbols: [{ name: 'BTC-EUR', tickSize: '0.01', lotSize: '0.0001' }],
    storage: { size: '100Mi' },
    replicas: upTo(random, 2),
    deletionPolicy: 'Delete',
  }),
};

interface Made {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
}

/** Resources that come, change and go. The names of new ones are new, so that what is kept by name would be seen to grow. */
export interface Churn {
  /** Changes one resource, or replaces it by a new one. Rejects while the API server is away. */
  step(): Promise<void>;
  /** Steps that succeeded. */
  readonly steps: number;
}

/** Makes the population and returns what keeps it moving. */
export async function startChurn(client: KubeClient, random: Random): Promise<Churn> {
  for (let i = 0; i < NAMESPACES; i++) {
    const name = `soak-${i}`;
    await client.apply(
      Namespace,
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
      { fieldManager: 'soak' },
    );
  }
  const kinds = [
    ...Array<Kind>(POPULATION.counters).fill(counter),
    ...Array<Kind>(POPULATION.apps).fill(app),
    ...Array<Kind>(POPULATION.books).fill(book),
  ];
  let made = 0;
  let steps = 0;
  const apply = async ({ kind, namespace, name }: Made): Promise<void> => {
    const object: KubeObject & { spec: object } = {
      apiVersion,
      kind: kind.resource.kind,
      metadata: { namespace, name },
      spec: kind.spec(random),
    };
    await client.apply(kind.resource, object, { fieldManager: 'soak' });
  };
  const next = (kind: Kind): Made => {
    made++;
    return { kind, namespace: `soak-${made % NAMESPACES}`, name: `${kind.resource.kind.toLowerCase()}-${made}` };
  };
  const population = kinds.map(next);
  for (const one of population) await apply(one);
  return {
    get steps() {
      return steps;
    },
    async step() {
      const place = Math.floor(random() * population.length);
      const one = population[place];
      if (one === undefined) return;
      if (random() < 0.6) {
        await apply(one);
      } else {
        const found = await client.get(one.kind.resource, one);
        const uid = found?.metadata.uid;
        if (uid !== undefined) await client.delete(one.kind.resource, one, { preconditions: { uid } });
        population[place] = next(one.kind);
        await apply(population[place]);
      }
      steps++;
    },
  };
}

import {
  type AppDeploymentSpec,
  type KindName,
  kinds,
  type OrderBookSpec,
  type SequenceCounterSpec,
} from '@sluice/api';
import { Document, isMap, isScalar, stringify } from 'yaml';
import { apiVersionOf } from '../../operator/runtime/kube/object.ts';
import type { GeneratedFile, Generator } from './generator.ts';
import { schemaNode } from './schema-node.ts';

/** A spec as a user writes it: what has a default may be left out. */
type Written<T> = T extends readonly (infer U)[]
  ? readonly Written<U>[]
  : T extends object
    ? { readonly [K in keyof T]?: Written<T[K]> }
    : T;

interface Specs {
  AppDeployment: AppDeploymentSpec;
  SequenceCounter: SequenceCounterSpec;
  OrderBook: OrderBookSpec;
}

interface Sample<K extends KindName = KindName> {
  readonly file: string;
  readonly kind: K;
  readonly name: string;
  /** First line of the file: what applying it gives. */
  readonly gives: string;
  readonly spec: Written<Specs[K]>;
}

function sample<K extends KindName>(kind: K, rest: Omit<Sample<K>, 'kind'>): Sample<K> {
  return { kind, ...rest };
}

const spotSymbols = [
  { name: 'BTC-EUR', tickSize: '0.01', lotSize: '0.0001' },
  { name: 'ETH-EUR', tickSize: '0.01', lotSize: '0.001' },
] as const;

/** The same as workloads/<name>/app.yaml, which `./deploy-apps` rolls out. */
const sampleApp = (name: 'go-app' | 'node-app', request: string, limit: string): Written<AppDeploymentSpec> => ({
  version: '1.0.0',
  image: `sluice/${name}:1.0.0`,
  replicas: 3,
  ports: [
    { name: 'http', containerPort: 8080 },
    { name: 'metrics', containerPort: 9090 },
  ],
  drain: { mode: 'Auto', quietSeconds: 3, deadlineSeconds: 300 },
  template: {
    spec: {
      containers: [
        {
          name: 'app',
          securityContext: { readOnlyRootFilesystem: true },
          resources: { requests: { cpu: '20m', memory: request }, limits: { memory: limit } },
          readinessProbe: { httpGet: { path: '/readyz', port: 'metrics' }, periodSeconds: 2 },
          livenessProbe: { httpGet: { path: '/healthz', port: 'metrics' } },
        },
      ],
    },
  },
});

export const samples: readonly Sample[] = [
  sample('OrderBook', {
    file: 'orderbook.yaml',
    name: 'spot',
    gives: 'An order book with two symbols, one member and a journal on its own volume.',
    spec: {
      symbols: spotSymbols,
    },
  }),
  sample('OrderBook', {
    file: 'orderbook-all-fields.yaml',
    name: 'spot-tuned',
    gives: 'An order book with every field that is built, at its default or another good value.',
    spec: {
      symbols: [
        {
          name: 'BTC-EUR',
          tickSize: '0.01',
          lotSize: '0.0001',
          risk: { maxQuantity: '10', maxNotional: '500000', maxOpenNotional: '2000000', maxPriceDistance: '5%' },
        },
      ],
      version: '1.0.0',
      replicas: 1,
      journal: { type: 'File', fsync: 'EveryBatch', snapshotEvery: 1_000_000 },
      storage: { size: '2Gi' },
      limits: {
        maxOrdersPerAccount: 10_000,
        ordersPerSecondPerAccount: 1000,
        maxOpenOrders: 250_000,
        maxPending: 10_000,
      },
      accounts: [
        { name: 'alice', maxOrders: 100, ordersPerSecond: 50, risk: [{ symbol: 'BTC-EUR', maxQuantity: '1' }] },
      ],
      binary: { port: 8090 },
      publish: {
        type: 'JetStream',
        addresses: ['nats://nats:4222'],
        subject: 'trades.spot-tuned',
        credentials: { secretName: 'nats-login', key: 'credentials' },
        stream: { replicas: 1, size: '1Gi' },
        outboxSize: '256Mi',
      },
      deletionPolicy: 'Retain',
    },
  }),
  sample('SequenceCounter', {
    file: 'sequencecounter.yaml',
    name: 'invoices',
    gives: 'Three pods that hand out numbers in strict order; POST /v1/next gives the next one.',
    spec: { replicas: 3, ordering: 'Strict' },
  }),
  sample('SequenceCounter', {
    file: 'sequencecounter-all-fields.yaml',
    name: 'tickets',
    gives: 'Two named counters without an order between pods; they outlive an outage of the API server.',
    spec: {
      replicas: 2,
      ordering: 'Unique',
      version: '1.0.0',
      store: { type: 'Lease' },
      counters: [
        { name: 'default', start: 1, step: 1 },
        { name: 'refunds', start: 1_000_000, step: 10 },
      ],
      leaseDurationSeconds: 3,
      outageBudgetSeconds: 600,
    },
  }),
  sample('AppDeployment', {
    file: 'appdeployment-go.yaml',
    name: 'go-app',
    gives: 'The sample app in Go; `./deploy-apps go-app` builds its image and rolls it out in the same way.',
    spec: sampleApp('go-app', '32Mi', '128Mi'),
  }),
  sample('AppDeployment', {
    file: 'appdeployment-node.yaml',
    name: 'node-app',
    gives: 'The sample app in Node.js; `./deploy-apps node-app` builds its image and rolls it out in the same way.',
    spec: sampleApp('node-app', '64Mi', '192Mi'),
  }),
  sample('AppDeployment', {
    file: 'appdeployment-all-fields.yaml',
    name: 'shop',
    gives: 'An app with every field that is built, at its default or another good value.',
    spec: {
      version: '1.4.2',
      image: 'sluice/node-app:1.0.0',
      replicas: 3,
      ports: [{ name: 'http', containerPort: 8080, servicePort: 80 }],
      template: {
        metadata: { labels: { team: 'shop' } },
        spec: {
          containers: [{ name: 'app', resources: { requests: { cpu: '20m', memory: '64Mi' } } }],
        },
      },
      strategy: { type: 'Rolling', rolling: { maxSurge: '25%', maxUnavailable: 0 } },
      drain: { mode: 'Auto', quietSeconds: 3, deadlineSeconds: 300, maxDraining: 10 },
      progressDeadlineSeconds: 600,
      autoscaling: { minReplicas: 3, maxReplicas: 6, targetCPUUtilizationPercentage: 60 },
      disruption: { maxUnavailable: 1 },
      paused: false,
      revisionHistoryLimit: 5,
    },
  }),
];

export function sampleObject({ kind, name, spec }: Sample) {
  return { apiVersion: apiVersionOf(kinds[kind].resource), kind, metadata: { name }, spec };
}

export const sampleGenerator: Generator = {
  name: 'samples',
  directories: ['config/samples'],
  files: () => [...samples.map(sampleFile), kustomization(), symbolsFile()],
};

function sampleFile(entry: Sample): GeneratedFile {
  const document = new Document(sampleObject(entry), { version: '1.1' });
  document.commentBefore = ` ${entry.gives}\n Generated from operator/api by \`make generate\`; do not edit.`;
  commentFields(document, entry.kind);
  return { path: `config/samples/${entry.file}`, content: document.toString({ lineWidth: 120 }) };
}

/** The samples that a cluster runs side by side: one per kind and app. */
function kustomization(): GeneratedFile {
  const resources = samples.map(({ file }) => file).filter((file) => !file.endsWith('-all-fields.yaml'));
  const yaml = stringify({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources });
  return {
    path: 'config/samples/kustomization.yaml',
    content: `# The samples without the -all-fields ones. Generated by \`make generate\`; do not edit.\n${yaml}`,
  };
}

/** What `spec` of the first sample says, for the order book that runs without a cluster. */
function symbolsFile(): GeneratedFile {
  const yaml = stringify({ symbols: spotSymbols });
  return {
    path: 'config/samples/symbols.yaml',
    content: `# For an order book without a cluster: npx sluice-orderbook --symbols config/samples/symbols.yaml\n# Generated by \`make generate\`; do not edit.\n${yaml}`,
  };
}

/** Puts above each field of spec what the schema says about it. */
function commentFields(document: Document, kind: KindName): void {
  const spec = document.get('spec');
  if (!isMap(spec)) return;
  const fields = schemaNode(kinds[kind].spec).properties ?? {};
  for (const { key, value } of spec.items) {
    if (!isScalar(key)) continue;
    key.commentBefore = ` ${fields[String(key.value)]?.description}`;
    // Quoted although 1.0.0 needs no quotes: whoever makes it 1.1 would otherwise write a number.
    if (key.value === 'version' && isScalar(value)) value.type = 'QUOTE_DOUBLE';
  }
}

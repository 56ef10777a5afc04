/** What each image of this repository is made from. A new program is one entry here and a Dockerfile beside it. */
export type ImageSource = NodeProgram | GoProgram;

export interface NodeProgram {
  readonly kind: 'node';
  /** Entry module; one bundle holds the program and everything it imports. */
  readonly entry: string;
  /** Modules that run in threads of their own: each becomes a bundle beside the program's, under its own name. */
  readonly threads?: readonly string[];
  readonly dockerfile: string;
}

export interface GoProgram {
  readonly kind: 'go';
  /** Folder of the Go module. */
  readonly module: string;
  /** Main package: the root of the module, or one of those that it requires. */
  readonly program: string;
  readonly dockerfile: string;
}

function node(folder: string, ...threads: string[]): Required<NodeProgram> {
  const paths = threads.map((thread) => `${folder}/${thread}`);
  return { kind: 'node', entry: `${folder}/main.ts`, threads: paths, dockerfile: `${folder}/Dockerfile` };
}

function go(folder: string): GoProgram {
  return { kind: 'go', module: folder, program: '.', dockerfile: `${folder}/Dockerfile` };
}

export const imageSources = {
  operator: node('operator'),
  'order-book': node(
    'workloads/order-book',
    'journal/journal-thread.ts',
    'journal/reader-thread.ts',
    'exchange/snapshot-thread.ts',
    'publisher/publisher-thread.ts',
  ),
  'sequence-counter': node('workloads/sequence-counter'),
  issuer: node('workloads/issuer'),
  'node-app': node('workloads/node-app'),
  'go-app': go('workloads/go-app'),
  drain: go('workloads/drain'),
  // For the tests on a cluster, which may have no registry.
  nats: {
    kind: 'go',
    module: 'hack/go/nats',
    program: 'github.com/nats-io/nats-server/v2',
    dockerfile: 'hack/images/nats/Dockerfile',
  },
} as const satisfies Record<string, ImageSource>;

export type ImageName = keyof typeof imageSources;

export const imageNames = Object.keys(imageSources) as ImageName[];

export function isImageName(name: string): name is ImageName {
  return Object.hasOwn(imageSources, name);
}

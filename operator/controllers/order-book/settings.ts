import type { OrderBook, Publish } from '@sluice/api';
import type { StatefulSet } from '@sluice/runtime';
import { digest, metricsPort, servicePort } from '../children/service.ts';
import { quantityBytes } from './quantity.ts';

// What spec says in the words of the program: its file (workloads/order-book/symbols.ts), its environment, its secrets.

type PodSpec = NonNullable<NonNullable<StatefulSet['spec']>['template']['spec']>;
type Volume = NonNullable<PodSpec['volumes']>[number];
type Secret = NonNullable<Publish['credentials']>;

/** Port of the binary protocol in the pod; the Service may have another one. */
export const binaryPort = 8090;

const MEBIBYTE = 2 ** 20;
/** What the program keeps of published trades, in MiB: for a broker that forgets. */
const OUTBOX_KEEP = 64;

/** The file `symbols.yaml` (JSON is YAML). */
export function configText({ spec: { symbols, limits, accounts, auth } }: OrderBook): string {
  const { maxOrdersPerAccount, ordersPerSecondPerAccount } = limits;
  return JSON.stringify({
    symbols: symbols.map(({ name, tickSize, lotSize, risk }) => ({
      name,
      tickSize,
      lotSize,
      ...(risk !== undefined && { risk }),
    })),
    limits: { maxOrdersPerAccount, ordersPerSecondPerAccount },
    ...(accounts !== undefined && { accounts }),
    ...(auth !== undefined && { auth }),
  });
}

/** The part of the environment that spec decides on. No secret is in it: those are files. */
export function environment({ spec: { journal, limits, binary, publish } }: OrderBook) {
  const { snapshotEvery } = journal;
  const variables: Record<string, string | number> = {
    SLUICE_MAX_OPEN_ORDERS: limits.maxOpenOrders,
    SLUICE_MAX_PENDING: limits.maxPending,
    ...(snapshotEvery !== undefined && { SLUICE_SNAPSHOT_EVERY: snapshotEvery }),
    ...(binary !== undefined && { SLUICE_BINARY_PORT: binaryPort }),
    ...(publish !== undefined && publishVariables(publish)),
  };
  return Object.entries(variables).map(([name, value]) => ({ name, value: String(value) }));
}

function publishVariables({ addresses, subject, credentials, ca, stream, outboxSize }: Publish) {
  const outbox = mebibytes(outboxSize);
  return {
    SLUICE_PUBLISH: addresses.join(','),
    SLUICE_PUBLISH_SUBJECT: subject,
    ...(credentials !== undefined && { SLUICE_PUBLISH_CREDENTIALS: secretFiles.credentials }),
    ...(ca !== undefined && { SLUICE_PUBLISH_CA: secretFiles.ca }),
    SLUICE_PUBLISH_REPLICAS: stream.replicas,
    SLUICE_PUBLISH_KEEP: mebibytes(stream.size),
    SLUICE_OUTBOX_LIMIT: outbox,
    SLUICE_OUTBOX_KEEP: Math.min(OUTBOX_KEEP, Math.ceil(outbox / 4)),
  };
}

function mebibytes(quantity: string): number {
  return Math.max(1, Math.floor((quantityBytes(quantity) ?? 0) / MEBIBYTE));
}

const secretsFolder = '/etc/sluice-broker';
const secretFiles = { credentials: `${secretsFolder}/credentials`, ca: `${secretsFolder}/ca.crt` } as const;

/** What the book needs of Secrets, and the files that the program looks for it in. */
export function secretsOf({ spec: { publish } }: OrderBook): readonly (Secret & { readonly file: string })[] {
  const { credentials, ca } = publish ?? {};
  return [
    ...(credentials === undefined ? [] : [{ ...credentials, file: secretFiles.credentials }]),
    ...(ca === undefined ? [] : [{ ...ca, file: secretFiles.ca }]),
  ];
}

/**
 * The volume with the broker's secrets and where it is mounted. Optional: a Secret that is not there would keep the pod from starting,
 * and orders from being taken, for the sake of publishing. The kubelet adds the file when the Secret comes.
 */
export function secretsVolume(book: OrderBook) {
  const secrets = secretsOf(book);
  if (secrets.length === 0) return { volumes: [], volumeMounts: [] };
  const sources = secrets.map(({ secretName, key, file }) => ({
    secret: { name: secretName, optional: true, items: [{ key, path: file.slice(secretsFolder.length + 1) }] },
  }));
  const volume: Volume = { name: 'broker', projected: { defaultMode: 0o440, sources } };
  return { volumes: [volume], volumeMounts: [{ name: 'broker', mountPath: secretsFolder, readOnly: true }] };
}

/** Changes with everything here: a StatefulSet with another one has not been told yet. */
export function settingsDigest(book: OrderBook): string {
  return digest(JSON.stringify([configText(book), environment(book), secretsOf(book)]));
}

/** Ports of the Services besides HTTP. */
export function extraPorts({ spec: { binary } }: OrderBook) {
  return binary === undefined
    ? []
    : [{ name: 'binary', port: binary.port, targetPort: 'binary', protocol: 'TCP' as const }];
}

export function containerPorts({ spec: { binary } }: OrderBook) {
  const port = (name: string, containerPort: number) => ({ name, containerPort, protocol: 'TCP' as const });
  return [
    port('http', servicePort),
    port('metrics', metricsPort),
    ...(binary === undefined ? [] : [port('binary', binaryPort)]),
  ];
}

/** Open orders that the first 512 MiB are for. */
const ORDERS_INCLUDED = 250_000;
/** More than twice what an open order takes. */
const BYTES_PER_ORDER = 1_024;

/** Memory that the container may use. */
export function memoryLimit({ spec: { limits } }: OrderBook): string {
  const more = Math.max(0, limits.maxOpenOrders - ORDERS_INCLUDED) * BYTES_PER_ORDER;
  return `${512 + Math.ceil(more / MEBIBYTE)}Mi`;
}

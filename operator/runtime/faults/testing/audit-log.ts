import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A write that the API server accepted, as its audit log has it. */
export interface AcceptedWrite {
  readonly userAgent: string;
  /** `delete configmaps`, `patch greetings/status`, … */
  readonly what: string;
  readonly name: string;
  /** Version that the object has by this write. Undefined for a delete. */
  readonly resourceVersion: bigint | undefined;
  readonly receivedAt: string;
  readonly answeredAt: string;
  /** Of the Lease of an election: who holds it after this write. */
  readonly holder: string | undefined;
}

/** Flags for an API server that logs every write with its answer into `directory`. */
export async function auditFlags(directory: string): Promise<string[]> {
  const rules = [
    { level: 'None', verbs: ['get', 'list', 'watch'] },
    {
      level: 'RequestResponse',
      resources: [
        { group: '', resources: ['configmaps'] },
        { group: 'example.org', resources: ['*'] },
        { group: 'coordination.k8s.io', resources: ['leases'] },
      ],
    },
    { level: 'None' },
  ];
  const policy = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived'], rules };
  const file = join(directory, 'audit-policy.json');
  await writeFile(file, JSON.stringify(policy));
  return [`--audit-policy-file=${file}`, `--audit-log-path=${logOf(directory)}`, '--audit-log-maxsize=4000'];
}

const logOf = (directory: string): string => join(directory, 'audit.log');

/** All writes that were accepted so far. `election` is the name of the Lease that the operators compete for. */
export async function acceptedWrites(directory: string, election: string): Promise<AcceptedWrite[]> {
  const writes: AcceptedWrite[] = [];
  for await (const line of createInterface({ input: createReadStream(logOf(directory)) })) {
    const entry = JSON.parse(line) as AuditEvent;
    const { stage, verb, objectRef, responseStatus, responseObject } = entry;
    if (stage !== 'ResponseComplete' || (responseStatus?.code ?? 500) >= 300) continue;
    const { resource = '', subresource, name = '' } = objectRef ?? {};
    const version = verb === 'delete' ? undefined : responseObject?.metadata?.resourceVersion;
    writes.push({
      userAgent: entry.userAgent ?? '',
      what: `${verb} ${subresource === undefined ? resource : `${resource}/${subresource}`}`,
      name,
      resourceVersion: version === undefined ? undefined : BigInt(version),
      receivedAt: entry.requestReceivedTimestamp,
      answeredAt: entry.stageTimestamp,
      holder: name === election ? (responseObject?.spec?.holderIdentity ?? '') : undefined,
    });
  }
  return writes;
}

/** What is used here of `audit.k8s.io/v1` Event. */
interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly userAgent?: string;
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  readonly objectRef?: { resource?: string; subresource?: string; name?: string };
  readonly responseStatus?: { code?: number };
  readonly responseObject?: { metadata?: { resourceVersion?: string }; spec?: { holderIdentity?: string } };
}

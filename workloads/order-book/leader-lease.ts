import { type ShutdownStep, UsageError } from '@sluice/kit';
import { type Clock, systemClock } from '@sluice/runtime/clock';
import { connectInCluster, isConflict, type KubeClient, Lease } from '@sluice/runtime/kube';
import type { Logger } from '@sluice/runtime/telemetry';
import type { BookService } from './book-service.ts';
import type { PublicationReport } from './publisher/publication.ts';

const RENEW_MS = 2_000;
const DURATION_SECONDS = 6;

/** What the member says of itself. */
export interface MemberState {
  readonly sequence: number;
  readonly epoch: number;
  readonly publication: PublicationReport | undefined;
}

export interface LeaderLeaseOptions {
  readonly clock: Clock;
  readonly client: KubeClient;
  readonly log: Logger;
  readonly namespace: string;
  readonly lease: string;
  /** Pod name: the holder. */
  readonly identity: string;
  readonly version: string;
  readonly state: () => MemberState;
}

/**
 * Reports through the Lease `<book>-leader`: who serves, and where its log stands. For status and liveness only; what is safe is
 * decided by the journal and its lock, so a missed renewal costs nothing but a stale status.
 */
export class LeaderLease {
  private readonly options: LeaderLeaseOptions;
  private cancelTimer: () => void = () => undefined;
  private last: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(options: LeaderLeaseOptions) {
    this.options = options;
  }

  start(): void {
    this.last = this.renew(this.options.identity).finally(() => {
      if (!this.stopped) this.cancelTimer = this.options.clock.setTimer(RENEW_MS, () => this.start());
    });
  }

  /** Gives the Lease back, so that status says at once that nobody serves. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelTimer();
    await this.last;
    await this.renew('');
  }

  /** One compare-and-swap. A conflict or an outage is met by the next renewal. */
  private async renew(holder: string): Promise<void> {
    const { clock, client, log, namespace, lease } = this.options;
    try {
      const read = await client.get(Lease, { namespace, name: lease }, { timeoutMs: RENEW_MS });
      // The operator makes the Lease, so that the pod needs no right to make any.
      if (read === undefined) return void log.warn({ lease }, 'the Lease does not exist yet');
      await client.replace(Lease, this.next(read, holder, clock.now()), { timeoutMs: RENEW_MS });
    } catch (error) {
      const level = isConflict(error) ? 'debug' : 'warn';
      log[level]({ err: error, lease }, 'the Lease was not renewed');
    }
  }

  private next(read: Lease, holder: string, nowMs: number): Lease {
    const { identity, version, state } = this.options;
    const { sequence, epoch, publication } = state();
    const takesOver = read.spec?.holderIdentity !== identity && holder !== '';
    // metav1.MicroTime wants six digits.
    const now = new Date(nowMs).toISOString().replace('Z', '000Z');
    const { annotations = {} } = read.metadata;
    const others = Object.entries(annotations).filter(([key]) => !PUBLICATION_KEYS.has(key));
    return {
      ...read,
      metadata: {
        ...read.metadata,
        annotations: {
          ...Object.fromEntries(others),
          'sluice.dev/sequence': decimal20(sequence),
          'sluice.dev/epoch': decimal20(epoch),
          'sluice.dev/version': version,
          ...publicationAnnotations(publication),
        },
      },
      spec: {
        ...read.spec,
        holderIdentity: holder,
        leaseDurationSeconds: DURATION_SECONDS,
        renewTime: now,
        acquireTime: takesOver ? now : (read.spec?.acquireTime ?? now),
        leaseTransitions: (read.spec?.leaseTransitions ?? 0) + (takesOver ? 1 : 0),
      },
    };
  }
}

const STATE = 'sluice.dev/publish-state';
const WAITING = 'sluice.dev/trades-waiting';
const SENTENCE = 'sluice.dev/publish-sentence';
/** What an earlier process said of its publishing is not known of this one. */
const PUBLICATION_KEYS: ReadonlySet<string> = new Set([STATE, WAITING, SENTENCE]);
const LONGEST_SENTENCE = 1_024;

function publicationAnnotations(publication: PublicationReport | undefined): Record<string, string> {
  if (publication === undefined) return {};
  const { state, waiting, sentence } = publication;
  return {
    [STATE]: state,
    [WAITING]: decimal20(waiting),
    ...(sentence !== undefined && { [SENTENCE]: sentence.slice(0, LONGEST_SENTENCE) }),
  };
}

/** 64-bit numbers in annotations: 20 digits, so that they also sort as text. */
function decimal20(value: number): string {
  return String(value).padStart(20, '0');
}

/** In a pod: reports `service` through the Lease named by the flags. Throws a UsageError when a flag is missing. */
export function startLeaderLease(
  service: BookService,
  flags: {
    readonly lease: string;
    readonly namespace: string | undefined;
    readonly pod: string | undefined;
    readonly version: string;
    readonly log: Logger;
  },
): { readonly stopStep: ShutdownStep } {
  const { lease, namespace, pod, version, log } = flags;
  if (namespace === undefined || pod === undefined) throw new UsageError('--lease needs --namespace and --pod');
  const cluster = connectInCluster({ userAgent: `sluice-orderbook/${version}` });
  const { store, publication } = service;
  const leader = new LeaderLease({
    clock: systemClock,
    client: cluster.client,
    log,
    namespace,
    lease,
    identity: pod,
    version,
    state: () => ({ sequence: store.exchange.sequence, epoch: store.epoch, publication: publication() }),
  });
  leader.start();
  return {
    stopStep: {
      name: 'lease',
      run: async () => {
        await leader.stop();
        cluster.close();
      },
    },
  };
}

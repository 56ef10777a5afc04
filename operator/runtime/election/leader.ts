import { Registry } from 'prom-client';
import { type Clock, pause, type Random } from '../clock.ts';
import { isConflict, type KubeClient } from '../kube/client.ts';
import { Lease } from '../kube/resources.ts';
import type { Logger } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { Deposed, type Leadership } from './leadership.ts';
import { type LeaseRecord, leaseOf, recordOf } from './lease-record.ts';
import { electionMetrics } from './metrics.ts';

/** In milliseconds; the defaults are those of client-go. */
export interface LeaseDurations {
  /** How long others respect a Lease that is not renewed. Whole seconds are kept in the Lease. */
  readonly leaseMs: number;
  /** How long a leader goes on without a successful renewal; shorter than `leaseMs` by more than clocks drift apart. */
  readonly renewMs: number;
  /** Pause between renewals. */
  readonly retryMs: number;
}

export interface LeaderElectionOptions {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'replace'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly lease: { readonly namespace: string; readonly name: string };
  /** Unlike that of any other candidate that may be alive; the pod name will do. */
  readonly identity: string;
  readonly durations?: LeaseDurations;
  /** leader_election_master_status goes here. */
  readonly registry?: Registry;
}

export interface LeaderElection {
  /**
   * Stands as a candidate until `signal` aborts, and leads by calling `onElected`. Its signal aborts when `signal` does and
   * when leadership is lost; the function should then end soon. After a loss the candidate stands again. The Lease is
   * released when the work has ended. Resolves when stopped or when the work ended by itself, rejects when it threw.
   */
  run(signal: AbortSignal, onElected: OnElected): Promise<void>;
}

export type OnElected = (leadership: Leadership, leadSignal: AbortSignal) => Promise<void>;

/** A time of leadership. `renewedAt` is the monotonic time just before the last successful write was sent. */
interface Term {
  readonly epoch: number;
  readonly acquiredMs: number;
  resourceVersion: string;
  renewedAt: number;
}

const defaultDurations: LeaseDurations = { leaseMs: 15_000, renewMs: 10_000, retryMs: 2_000 };
/** Candidates look this often: a Lease that was given back is theirs in about as long, at five reads a second each. */
const CANDIDATE_POLL_MS = 200;
const RELEASE_MS = 3_000;

/**
 * Leader election by a Lease, with the rules of client-go. Candidates never compare wall clocks: each measures with its own
 * monotonic clock how long it has seen the Lease unchanged. Every write is a compare-and-swap.
 */
export function createLeaderElection(options: LeaderElectionOptions): LeaderElection {
  const { client, clock, random, log, lease: key, identity, durations = defaultDurations } = options;
  const { leaseMs, renewMs, retryMs } = durations;
  const metrics = createMetrics(electionMetrics, options.registry ?? new Registry());
  const master = metrics.master.labels({ name: key.name });
  const refusedWrites = metrics.refusedWrites.labels({ name: key.name });
  master.set(0);
  refusedWrites.inc(0);
  /** Rests about `ms`, or until `signal` aborts. */
  const rest = (ms: number, signal: AbortSignal): Promise<void> =>
    pause(clock, ms * (0.9 + random() * 0.2), signal).catch(() => {});

  async function read(timeoutMs: number, signal?: AbortSignal): Promise<LeaseRecord | undefined> {
    const found = await client.get(Lease, key, {
      timeoutMs,
      urgent: true,
      ...(signal === undefined ? {} : { signal }),
    });
    return found === undefined ? undefined : recordOf(found);
  }

  /** Takes a Lease that is free; rejects with 409 when another was quicker. */
  async function take(found: LeaseRecord | undefined, signal: AbortSignal): Promise<Term> {
    const renewedAt = clock.monotonic();
    const acquiredMs = clock.now();
    const epoch = (found?.epoch ?? 0) + 1;
    const facts = { holder: identity, durationMs: leaseMs, epoch, acquiredMs, nowMs: acquiredMs };
    const call = { timeoutMs: renewMs / 2, urgent: true, signal };
    const written =
      found === undefined
        ? await client.create(Lease, leaseOf(key, facts), call)
        : await client.replace(Lease, leaseOf(key, facts, found.resourceVersion), call);
    return { epoch, acquiredMs, renewedAt, resourceVersion: recordOf(written).resourceVersion };
  }

  /** Resolves to undefined when `signal` aborts. */
  async function acquire(signal: AbortSignal): Promise<Term | undefined> {
    let seen: { resourceVersion: string; at: number } | undefined;
    while (!signal.aborted) {
      try {
        const found = await read(renewMs / 2, signal);
        const now = clock.monotonic();
        if (found !== undefined && found.resourceVersion !== seen?.resourceVersion) {
          seen = { resourceVersion: found.resourceVersion, at: now };
        }
        const unchangedMs = seen === undefined ? 0 : now - seen.at;
        const isFree = found === undefined || found.holder === '' || found.holder === identity;
        if (isFree || unchangedMs >= found.durationMs) {
          const term = await take(found, signal);
          // An answer this late may tell of a lease that has run out meanwhile.
          if (clock.monotonic() - term.renewedAt < renewMs) return term;
        }
      } catch (error) {
        if (!signal.aborted && !isConflict(error))
          log.warn({ err: error, lease: key }, 'the election Lease is out of reach');
      }
      await rest(Math.min(retryMs, CANDIDATE_POLL_MS), signal);
    }
    return undefined;
  }

  /**
   * Writes the Lease in our name, or released. False when it is not ours any more. A conflict alone is not a loss: an answer
   * to a renewal may have been lost, or somebody put a label on the Lease.
   */
  async function write(term: Term, holder: string, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    const started = clock.monotonic();
    const durationMs = holder === '' ? 1_000 : leaseMs;
    const facts = { holder, durationMs, epoch: term.epoch, acquiredMs: term.acquiredMs, nowMs: clock.now() };
    const call = { timeoutMs, urgent: true, ...(signal === undefined ? {} : { signal }) };
    const replace = () => client.replace(Lease, leaseOf(key, facts, term.resourceVersion), call);
    const written = await replace().catch(async (error: unknown) => {
      if (!isConflict(error)) throw error;
      const found = await read(timeoutMs, signal);
      if (found === undefined || found.holder !== identity || found.epoch !== term.epoch) return undefined;
      term.resourceVersion = found.resourceVersion;
      return replace();
    });
    if (written === undefined) return false;
    term.resourceVersion = recordOf(written).resourceVersion;
    term.renewedAt = started;
    return true;
  }

  const late = `not renewed within ${renewMs} ms`;

  /** Renews until `over` aborts; calls `lose` when the Lease is lost, or may be. */
  async function keep(term: Term, over: AbortSignal, lose: (why: string) => void): Promise<void> {
    const loseLate = (): void => lose(late);
    let cancelDeadline = clock.setTimer(term.renewedAt + renewMs - clock.monotonic(), loseLate);
    over.addEventListener('abort', () => cancelDeadline(), { once: true });
    while (!over.aborted) {
      await rest(retryMs, over);
      if (over.aborted) return;
      const before = term.renewedAt;
      try {
        if (!(await write(term, identity, renewMs / 2, over))) return lose('another candidate holds the Lease');
      } catch (error) {
        if (!over.aborted) log.warn({ err: error, lease: key }, 'the election Lease could not be renewed');
      }
      if (over.aborted) return;
      // Timers run late when the event loop was stuck, so the clock has the last word, even after a success.
      if (clock.monotonic() - before >= renewMs) return loseLate();
      cancelDeadline();
      cancelDeadline = clock.setTimer(term.renewedAt + renewMs - clock.monotonic(), loseLate);
    }
  }

  /** Resolves to whether leadership was lost before the work ended. */
  async function lead(term: Term, signal: AbortSignal, onElected: OnElected): Promise<boolean> {
    const leading = new AbortController();
    const over = new AbortController();
    let lost = false;
    const lose = (why: string): void => {
      if (over.signal.aborted) return;
      lost = true;
      master.set(0);
      log.error({ lease: key, epoch: term.epoch, why }, 'leadership lost');
      leading.abort(new Error(`leadership lost: ${why}`));
      over.abort();
    };
    const isHeld = (): boolean => {
      if (clock.monotonic() - term.renewedAt >= renewMs) lose(late);
      return !over.signal.aborted;
    };
    const assertMayWrite = (): void => {
      if (isHeld()) return;
      refusedWrites.inc();
      throw new Deposed(`not sent: term ${term.epoch} of this leader is over`);
    };
    const stop = (): void => leading.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    master.set(1);
    log.info({ lease: key, epoch: term.epoch }, 'leading');
    // While the work winds down after a stop it is still ours, so the Lease is renewed until it has ended.
    const kept = keep(term, over.signal, lose);
    try {
      if (signal.aborted) stop();
      await onElected({ epoch: term.epoch, isHeld, assertMayWrite }, leading.signal);
    } finally {
      signal.removeEventListener('abort', stop);
      master.set(0);
      over.abort();
      await kept;
      if (!lost) await release(term);
    }
    return lost;
  }

  async function release(term: Term): Promise<void> {
    try {
      if (await write(term, '', RELEASE_MS)) log.info({ lease: key, epoch: term.epoch }, 'leadership released');
    } catch (error) {
      log.warn({ err: error, lease: key }, 'the election Lease could not be released, it has to run out');
    }
  }

  return {
    async run(signal, onElected) {
      while (!signal.aborted) {
        const term = await acquire(signal);
        if (term === undefined) return;
        if (!(await lead(term, signal, onElected))) return;
      }
    },
  };
}

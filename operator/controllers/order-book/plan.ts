import { type OrderBookStatus, unbuiltFields } from '@sluice/api';
import {
  type ConditionInput,
  controllerOf,
  type EventInput,
  type KubeObject,
  type Plan,
  setConditions,
} from '@sluice/runtime';
import { accepted, authenticated, type Refusal, unbuiltRefusal, versionRefusal } from '../children/acceptance.ts';
import { selectorText } from '../children/labels.ts';
import { ready } from './conditions.ts';
import { limitsRefusal } from './limits.ts';
import { isReady, leaderOf, type Report, readReport, rolledOut } from './members.ts';
import { mirrored } from './mirror.ts';
import { bookLabels, memberName } from './names.ts';
import { childrenOf, grownClaim, isMadeFrom } from './objects.ts';
import type { Observed } from './observe.ts';
import { published } from './publishing.ts';
import { claimsToGrow, retentionSettled, templateSize, volumeSized } from './storage.ts';

export interface BookPlan extends Plan<OrderBookStatus> {
  /** The sequence in the status is new, or what moves as it does: the next one has to wait. */
  readonly writesSequence: boolean;
}

const waitForOthersMs = 1_000;

/** Pure: what the world should look like for what was observed. */
export function plan(observed: Observed, nowMs: number): BookPlan {
  const { book, statefulSet, pods, claims, growingClasses } = observed;
  if (book.metadata.deletionTimestamp !== undefined) return farewell(observed);
  const image = observed.images[book.spec.version];
  const taken = takenBy(observed);
  const refusal = taken ?? refusalOf(observed);
  const report = taken === undefined ? readReport(observed.lease) : undefined;
  const complete = isMadeFrom(book, image, statefulSet) && rolledOut(book, statefulSet);
  const summary = ready(book, { refusal, complete, pods, report });
  // What is told of publishing counts when it comes from a member that runs this spec.
  const teller = complete && leaderOf(pods, report) !== undefined ? report : undefined;
  const publication = published(book, teller);
  const mirror = mirrored(observed, report, publication);
  const conditions = setConditions(
    // A book that publishes no more says nothing of it.
    book.status?.conditions?.filter(({ type }) => type !== 'Published' || publication !== undefined),
    [
      accepted(refusal),
      summary,
      volumeSized(book, claims, growingClasses),
      authenticated(book.spec.auth, 'trade for any account'),
      ...(mirror.published === undefined ? [] : [mirror.published]),
    ],
    book.metadata.generation ?? 1,
    nowMs,
  );
  const status: OrderBookStatus = {
    observedGeneration: book.metadata.generation ?? 1,
    conditions,
    replicas: pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined).length,
    readyReplicas: pods.filter(isReady).length,
    selector: selectorText(bookLabels(book.metadata.name)),
    ...(complete && report !== undefined && { version: report.version }),
    ...(report !== undefined && report.holder !== '' && { leader: report.holder }),
    ...mirror.status,
  };
  const waitMs =
    taken !== undefined ? waitForOthersMs : mirror.moved && !mirror.written ? observed.sequenceDueInMs : undefined;
  return {
    apply: refusal === undefined && image !== undefined ? wanted(observed, image, report) : [],
    delete: [],
    status,
    finalizer: true,
    events: eventsOf(observed, summary),
    writesSequence: mirror.moved && mirror.written,
    ...(waitMs !== undefined && { requeueAfterMs: waitMs }),
  };
}

function wanted({ book, statefulSet, claims, growingClasses }: Observed, image: string, report: Report | undefined) {
  const leader = report === undefined || report.holder === '' ? memberName(book.metadata.name, 0) : report.holder;
  const growing = claimsToGrow(book, claims).filter(({ spec }) => growingClasses.has(spec?.storageClassName ?? ''));
  return [
    ...childrenOf(book, { image, leader, templateSize: templateSize(book, statefulSet) }),
    ...growing.map((claim) => grownClaim(claim, book.spec.storage.size)),
  ];
}

/**
 * Children go with their owner, and volumes with or without them as spec says now: a policy that was changed just before the delete
 * must have reached the claims first.
 */
function farewell({ book, statefulSet, claims, images }: Observed): BookPlan {
  const nothing = { delete: [], status: undefined, events: [], writesSequence: false };
  const ours = statefulSet !== undefined && isOurs(book, statefulSet);
  if (!ours || retentionSettled(book, statefulSet, claims)) return { ...nothing, apply: [], finalizer: false };
  // Whatever version it runs, it goes: only the retention policy is still to be changed.
  const [container] = statefulSet.spec?.template.spec?.containers ?? [];
  const image = container?.image ?? images[book.spec.version] ?? '';
  const children = childrenOf(book, {
    image,
    leader: memberName(book.metadata.name, 0),
    templateSize: templateSize(book, statefulSet),
  });
  return { ...nothing, apply: children.slice(-1), finalizer: true, requeueAfterMs: waitForOthersMs };
}

/** Something else has a name that the book needs: the remains of an earlier book that is still being collected, or a stranger. */
function takenBy({ book, statefulSet, lease }: Observed): Refusal | undefined {
  const stranger = [statefulSet, lease].find((object) => object !== undefined && !isOurs(book, object));
  if (stranger === undefined) return undefined;
  const message = `${stranger.kind} ${stranger.metadata.name} belongs to another object; waiting for it to be deleted.`;
  return { reason: 'NameTaken', message };
}

function isOurs(book: KubeObject, child: KubeObject): boolean {
  return controllerOf(child)?.uid === book.metadata.uid;
}

function refusalOf({ book, images }: Observed): Refusal | undefined {
  return (
    unbuiltRefusal(unbuiltFields('OrderBook', book.spec)) ??
    versionRefusal(book.spec.version, images) ??
    limitsRefusal(book)
  );
}

function eventsOf({ book }: Observed, summary: ConditionInput): EventInput[] {
  const before = book.status?.conditions?.find(({ type }) => type === 'Ready');
  const isNews = before?.reason !== summary.reason && summary.reason !== 'Progressing';
  if (!isNews) return [];
  const type = summary.status === 'True' || summary.reason === 'NoLeader' ? 'Normal' : 'Warning';
  return [{ type, reason: summary.reason, action: 'Reconcile', note: summary.message }];
}

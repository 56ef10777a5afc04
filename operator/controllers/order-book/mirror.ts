import type { OrderBookStatus } from '@sluice/api';
import type { ConditionInput } from '@sluice/runtime';
import { membersOf, type Report } from './members.ts';
import type { Observed } from './observe.ts';

/** What moves with every order or attempt, as it goes into the status. */
export interface Mirror {
  readonly status: Partial<OrderBookStatus>;
  readonly published: ConditionInput | undefined;
  /** The status lags behind what was reported, or did until now. */
  readonly moved: boolean;
  /** The newest is written now; else later. */
  readonly written: boolean;
}

/** Sequence, trades that wait, and words about the broker are mirrored now and then; all the rest at once. */
export function mirrored(
  { book, pods, sequenceDueInMs }: Observed,
  report: Report | undefined,
  published: ConditionInput | undefined,
): Mirror {
  const { sequence, epoch, tradesWaiting, conditions } = book.status ?? {};
  const publishes = book.spec.publish !== undefined;
  const waiting = publishes ? (report?.publication?.waiting ?? tradesWaiting) : undefined;
  const old = conditions?.find(({ type }) => type === 'Published');
  const reworded =
    published !== undefined &&
    old?.status === published.status &&
    old.reason === published.reason &&
    old.observedGeneration === book.metadata.generation &&
    old.message !== published.message;
  const counted =
    report !== undefined &&
    sequence !== undefined &&
    (report.sequence !== sequence || (tradesWaiting !== undefined && waiting !== tradesWaiting));
  const moved = counted || reworded;
  const written = sequenceDueInMs <= 0;
  const held = moved && !written;
  const shown = held && report !== undefined && sequence !== undefined ? { ...report, sequence } : report;
  const shownWaiting = held && publishes ? (tradesWaiting ?? waiting) : waiting;
  return {
    status: {
      members: membersOf(pods, shown),
      ...(shownWaiting !== undefined && { tradesWaiting: shownWaiting }),
      // Nobody reports, as at a start from a retained volume: what was acknowledged once stays known.
      ...(shown === undefined
        ? { ...(epoch !== undefined && { epoch }), ...(sequence !== undefined && { sequence }) }
        : { epoch: shown.epoch, sequence: shown.sequence, lag: '0' }),
    },
    published: held && reworded ? { ...published, message: old.message } : published,
    moved,
    written,
  };
}

import { OrderBook } from '@sluice/api';
import { controllerOf, Lease, PersistentVolumeClaim, Pod, StatefulSet } from '@sluice/runtime';
import type { Stage, Write } from '@sluice/runtime/testing';
import { maximalOrderBook } from '../../../api/testing/maximal-specs.ts';
import { orderBookController } from '../../order-book/controller.ts';
import { readReport } from '../../order-book/members.ts';
import { leaseName } from '../../order-book/names.ts';
import { type BookPrograms, bookPrograms } from '../cluster/book-programs.ts';
import { type Act, type KindUnderTest, statefulChildren } from './build.ts';
import { catalog } from './catalog.ts';
import { conditionOf, deleteByHand, edit, resourceOf, subjectKey, userName } from './subject.ts';

const kind = 'OrderBook';
const versions = Object.fromEntries(Object.entries(catalog.orderBook).map(([version, image]) => [image, version]));
const leaseKey = { namespace: subjectKey.namespace, name: leaseName(subjectKey.name) };

export const orderBooks: KindUnderTest<BookPrograms> = {
  kind,
  programs: bookPrograms(versions),
  controller: () => orderBookController({ catalog }),
  spec: (random) => ({
    symbols: [{ name: 'BTC-EUR', tickSize: '0.01', lotSize: '0.0001' }],
    deletionPolicy: random() < 0.5 ? 'Retain' : 'Delete',
  }),
  examples: maximalOrderBook,
  episodes: (random) => {
    const version = (name: string) => edit(kind, `version ${name}`, (spec) => ({ ...spec, version: name }));
    const policy = random() < 0.5 ? 'Retain' : 'Delete';
    return [
      [version('1.1.0')],
      [trade, version('1.1.0'), trade],
      [version('9.9.9'), version('1.1.0')],
      [version('6.6.6'), version('1.0.0')],
      [edit(kind, `deletionPolicy ${policy}`, (spec) => ({ ...spec, deletionPolicy: policy }))],
      [trade, killMember, trade],
    ];
  },
  lastWords: edit(kind, 'the other deletionPolicy', (spec) => ({
    ...spec,
    deletionPolicy: spec.deletionPolicy === 'Delete' ? 'Retain' : 'Delete',
  })),
  children: [...statefulChildren, { resource: Lease, name: leaseKey.name }],
  forbids: () => guardVolumes(),
  destroys: ({ resource, after }) =>
    resource.plural === PersistentVolumeClaim.plural && after === undefined ? 'a volume' : undefined,
  verdict: (stage, { programs }) => [...journalIsMirrored(stage, programs), ...leftBehind(stage)],
};

const trade: Act<BookPrograms> = {
  what: 'orders are taken',
  act: (_, { programs }) => programs.trade(subjectKey.namespace, subjectKey.name, 17).catch(() => {}),
};

const killMember: Act<BookPrograms> = {
  what: 'the member is deleted by hand',
  act: (stage) => deleteByHand(stage, Pod, `${subjectKey.name}-0`),
};

/** A volume goes only with a book, or a StatefulSet that somebody deleted, whose policy was Delete; with such a book it does go. */
function guardVolumes(): (write: Write, stage: Stage) => string | undefined {
  let mayGo = false;
  return ({ who, resource, before, after }, stage) => {
    if (resource.plural === OrderBook.plural) {
      const { spec, metadata } = (after ?? before) as OrderBook;
      const going = metadata.deletionTimestamp !== undefined || after === undefined;
      const untold = after === undefined ? claimsUntold(before as OrderBook, stage) : [];
      if (untold.length > 0) return `the book is gone before ${untold.join(', ')} knows what is to become of it`;
      if (going) mayGo = spec.deletionPolicy === 'Delete';
      else if (before === undefined) mayGo = false;
    }
    if (resource.plural === StatefulSet.plural && who === userName) {
      mayGo = (before as StatefulSet).spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete';
    }
    const lost = resource.plural === PersistentVolumeClaim.plural && after === undefined;
    return lost && !mayGo && stage.find(OrderBook, subjectKey)?.spec.deletionPolicy !== 'Delete'
      ? 'a volume that was to be kept is gone'
      : undefined;
  };
}

/** Volumes of which the StatefulSet of this book has not recorded what its policy says. */
function claimsUntold({ metadata, spec }: OrderBook, stage: Stage): string[] {
  const set = stage.find(StatefulSet, subjectKey);
  if (set === undefined || controllerOf(set)?.uid !== metadata.uid) return [];
  const isOwned = (claim: PersistentVolumeClaim): boolean =>
    claim.metadata.ownerReferences?.some(({ uid }) => uid === set.metadata.uid) === true;
  return stage
    .objects(PersistentVolumeClaim)
    .filter((claim) => isOwned(claim) !== (spec.deletionPolicy === 'Delete'))
    .map((claim) => claim.metadata.name);
}

function journalIsMirrored(stage: Stage, programs: BookPrograms): string[] {
  const book = stage.find(OrderBook, subjectKey);
  if (book === undefined) return [];
  const report = readReport(stage.find(Lease, leaseKey));
  const claim = stage.find(PersistentVolumeClaim, { ...subjectKey, name: `data-${subjectKey.name}-0` });
  const journal = programs.journalOf(claim?.metadata.uid ?? '');
  const wrong: string[] = [];
  if (report?.sequence !== String(journal)) wrong.push(`the Lease says ${report?.sequence}, the journal ${journal}`);
  if (book.status?.sequence !== String(journal)) {
    wrong.push(`status says ${book.status?.sequence}, the journal ${journal}`);
  }
  const subject = stage.find(resourceOf(kind), subjectKey);
  const ready = subject === undefined ? undefined : conditionOf(subject, 'Ready');
  if (ready?.status !== 'True') wrong.push(`it is not ready: ${ready?.reason}: ${ready?.message}`);
  return wrong;
}

function leftBehind(stage: Stage): string[] {
  if (stage.find(OrderBook, subjectKey) !== undefined) return [];
  const sets = stage.objects(StatefulSet);
  const pods = stage.objects(Pod);
  return [...sets, ...pods].map(({ metadata, kind: left }) => `${left} ${metadata.name} is left behind`);
}

import type * as JournalModule from '../../journal/file-journal.ts';
import type { Frame } from '../../journal/frame.ts';
import { diskError, MemoryDisk } from '../../journal/testing/memory-disk.ts';
import { ByteReader } from '../bytes.ts';
import type * as CommandModule from '../command.ts';
import type { Command, ExtraTerms } from '../command.ts';
import type * as ExchangeModule from '../exchange.ts';
import type * as ReplayModule from '../replay.ts';
import type * as SequencerModule from '../sequencer.ts';
import type * as SnapshotModule from '../snapshot.ts';
import { listing, place } from './command-flow.ts';
import { checkRecords } from './record-checks.ts';

/** The modules of journal and exchange: the real ones, or ones with a seeded bug. */
export interface Program {
  readonly journal: typeof JournalModule;
  readonly command: typeof CommandModule;
  readonly exchange: typeof ExchangeModule;
  readonly sequencer: typeof SequencerModule;
  readonly snapshot: typeof SnapshotModule;
  readonly replay: typeof ReplayModule;
}

const directory = '/data';
const first = `${directory}/journal-${'1'.padStart(20, '0')}.log`;
const frame = (firstSequence: number, count: number, fill: number): Frame => {
  return { firstSequence, epoch: 1, count, payload: new Uint8Array(count * 3).fill(fill) };
};
// The last one is long: what a torn tail leaves behind a shorter frame must not pass for the beginning of another. And some of its
// sectors are zeros, as they are where nothing was written.
const long = new Uint8Array(1_300).fill(9);
long.fill(0, 300, 1_000);
const frames = [frame(1, 2, 7), frame(3, 1, 8), { ...frame(4, 3, 9), payload: long }];

/** Where the frames end in their file: a header each, an end mark, and a stamp at every 512 bytes. */
const ENDS = [20 + 36 + 6 + 1, 63 + 36 + 3 + 1, 103 + 36 + 1_300 + 1 + 2] as const;
const LAST = 1_442;

/** What must hold between an answer and the disk, in a second; a seeded bug must make it reject. */
export async function checkProgram(program: Program): Promise<void> {
  await checkTornTails(program);
  await checkFlippedBits(program);
  await checkMissingFiles(program);
  await checkFailingDisk(program);
  await checkOrderOfAnswers(program);
  checkRepeatedIds(program);
  checkSnapshots(program);
  checkSurface(program);
  checkRecords(program);
}

async function open(program: Program, disk: MemoryDisk, afterSequence = 0, segmentBytes = 2_048) {
  const read: Frame[] = [];
  const replay = (item: Frame): void => {
    read.push({ ...item, payload: item.payload.slice() });
  };
  const { journal } = await program.journal.openFileJournal({ disk, directory, segmentBytes, afterSequence, replay });
  return { journal, read };
}

async function written(program: Program, segmentBytes?: number): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const { journal } = await open(program, disk, 0, segmentBytes);
  for (const item of frames) await journal.append(item);
  return disk;
}

async function checkTornTails(program: Program): Promise<void> {
  const disk = await written(program);
  equal(await textOf(program, disk.afterPowerCut(0)), JSON.stringify(frames), 'acknowledged frames after a power cut');
  const bytes = await disk.read(first);
  for (let length = 0; length < LAST; length++) {
    const whole = frames.slice(0, ENDS.filter((end) => end <= length).length);
    const shapes = [bytes.slice(0, length)];
    if (length >= 20) shapes.push(bytes.slice().fill(0, length));
    for (const left of shapes) await goesOn(program, disk.with(first, left), whole, `a cut at ${length}`);
  }
  for (let at = 512; at < LAST; at += 512) {
    const left = bytes.slice().fill(0, at, at + 512);
    await goesOn(program, disk.with(first, left), frames.slice(0, 2), `a sector missing at ${at}`);
  }
  await checkLeftStamp(program, disk);
  const fresh = new MemoryDisk();
  await open(program, fresh);
  equal(await textOf(program, fresh.afterPowerCut(0)), '[]', 'frames in a file that was just made');
}

/** A crash left the stamp of a sector and nothing else behind the frames; the next one leaves just this sector out. */
async function checkLeftStamp(program: Program, disk: MemoryDisk): Promise<void> {
  const bytes = (await disk.read(first)).slice().fill(0, ENDS[1]);
  bytes[512] = bytes[0] ?? 0;
  const left = disk.with(first, bytes);
  const { journal } = await open(program, left);
  left.fault = ({ kind }) => (kind === 'datasync' ? { error: diskError('EIO') } : undefined);
  await journal.append({ ...frame(4, 1, 1), payload: new Uint8Array(1_300).fill(1) }).catch(() => undefined);
  const again = left.afterPowerCut(Number.POSITIVE_INFINITY, (sector) => sector === 1);
  equal(await textOf(program, again), JSON.stringify(frames.slice(0, 2)), 'frames after two crashes');
}

/** The whole frames are read, and an append goes on behind them. */
async function goesOn(program: Program, left: MemoryDisk, whole: readonly Frame[], what: string): Promise<void> {
  const { journal } = await open(program, left);
  // The next frame is shorter than what was cut off: rests of that behind it would be damage.
  const next = { ...frame(journal.lastSequence + 1, 1, 5), payload: new Uint8Array(1) };
  await journal.append(next);
  equal(await textOf(program, left), JSON.stringify([...whole, next]), `frames after ${what}`);
}

async function checkFlippedBits(program: Program): Promise<void> {
  const disk = await written(program);
  const bytes = await disk.read(first);
  for (let bit = 0; bit < LAST * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    await refused(open(program, disk.with(first, flipped)), 'SLUICE_JOURNAL_CORRUPT', `bit ${bit}`);
  }
  const repeated = bytes.slice();
  repeated.copyWithin(LAST, ENDS[0], ENDS[1]);
  await refused(open(program, disk.with(first, repeated)), 'SLUICE_JOURNAL_CORRUPT', 'a frame twice');
  // Sectors that are lost in the middle were on disk once, since frames follow.
  const lost = await written(program);
  await (await open(program, lost)).journal.append({ ...frame(7, 1, 1) });
  for (let at = 512; at < LAST - 512; at += 512) {
    const left = (await lost.read(first)).slice().fill(0, at, at + 512);
    await refused(open(program, lost.with(first, left)), 'SLUICE_JOURNAL_CORRUPT', `a sector lost at ${at}`);
  }
}

async function checkMissingFiles(program: Program): Promise<void> {
  const disk = await written(program, 30);
  const name = (sequence: number): string => first.replace(/1\.log$/, `${sequence}.log`);
  await refused(open(program, disk.without(name(3))), 'SLUICE_JOURNAL_GAP', 'a missing file');
  await refused(open(program, disk.without(first), 1), 'SLUICE_JOURNAL_GAP', 'a missing first file');
  await refused(open(program, disk.without(name(4)), 5), 'SLUICE_JOURNAL_REGRESSED', 'a journal behind its snapshot');
}

async function checkFailingDisk(program: Program): Promise<void> {
  const full = await written(program);
  const { journal } = await open(program, full);
  full.fault = ({ kind }) => (kind === 'write' ? { error: diskError('ENOSPC'), keep: 40 } : undefined);
  await refused(journal.append(frame(7, 1, 1)), 'SLUICE_DISK_FULL', 'a full disk');
  equal(await textOf(program, full.afterPowerCut(1_000)), JSON.stringify(frames), 'frames after a refused one');
  full.fault = () => undefined;
  await journal.append(frame(7, 1, 1));
  equal(await textOf(program, full), JSON.stringify([...frames, frame(7, 1, 1)]), 'frames after a full disk');

  const broken = await written(program);
  const other = (await open(program, broken)).journal;
  broken.fault = ({ kind }) => (kind === 'datasync' ? { error: diskError('EIO') } : undefined);
  await refused(other.append(frame(7, 1, 1)), 'SLUICE_JOURNAL_FAILED', 'a failed sync');
  broken.fault = () => undefined;
  await refused(other.append(frame(7, 1, 1)), 'SLUICE_JOURNAL_FAILED', 'an append after a failed sync');
}

async function checkOrderOfAnswers(program: Program): Promise<void> {
  const disk = new MemoryDisk();
  const exchange = new program.exchange.Exchange();
  const { journal } = await open(program, disk);
  const sequencer = new program.sequencer.Sequencer({ exchange, journal, epoch: 1, maxPending: 3 });
  for (const command of listing) {
    await sequencer.submit(command);
    equal(String(journal.lastSequence), String(exchange.sequence), 'what is journaled when an answer comes');
  }
  const release = disk.hold();
  let answered = 0;
  const orders = [1, 2, 3].map(() => sequencer.submit(place()).then(() => answered++));
  const settled = Promise.allSettled(orders);
  const fourth = sequencer.submit(place()).then(
    () => 'taken',
    (error: { code?: string }) => error.code,
  );
  equal(String(await Promise.race([fourth, turns(20)])), 'SLUICE_OVERLOADED', 'more than may wait');
  await turns(20);
  equal(`${answered} answered, ${exchange.orders.open} seen`, '0 answered, 0 seen', 'before the disk has it');
  release();
  await settled;
  const replayed = new program.exchange.Exchange();
  for (const item of (await open(program, disk.afterPowerCut(0))).read) program.replay.applyFrame(replayed, item);
  equal(program.snapshot.digest(replayed), program.snapshot.digest(exchange), 'the state after a replay');
}

async function turns(count: number): Promise<'waiting'> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
  return 'waiting';
}

function checkRepeatedIds(program: Program): void {
  const exchange = played(program, [place({ clientOrderId: 'x' })]);
  const again = exchange.apply(place({ clientOrderId: 'x' }), 1);
  equal(`${again.kind} ${exchange.orders.open}`, 'order 1', 'a repeated client order id');
  const other = exchange.apply(place({ clientOrderId: 'x', quantity: 6 }), 1);
  equal(other.kind === 'refused' ? other.refusal : other.kind, 'duplicateClientOrderId', 'other terms');
}

/** Orders that rest, are partly filled, filled, replaced, cancelled and refused. */
const tape: readonly Command[] = [
  place({ clientOrderId: '1', quantity: 9 }),
  place({ account: 'b', side: 1, quantity: 4 }),
  place({ account: 'b', side: 1, price: 101, quantity: 5 }),
  { kind: 'replace', timeMs: 5, account: 'a', orderId: 3, price: 99, quantity: 8 },
  place({ account: 'c', postOnly: true, price: 101, clientOrderId: '2' }),
  place({ account: 'c', price: 99, quantity: 1 }),
  { kind: 'cancel', timeMs: 6, account: 'b', orderId: 5 },
  place({ account: 'b', side: 1, price: 98, quantity: 2, timeInForce: 'IOC' }),
];

function checkSnapshots(program: Program): void {
  const { encodeExchange, decodeExchange, digest } = program.snapshot;
  const straight = played(program, tape);
  const expected = [
    'filled 6 of 8@99, rests 2; filled 0 of 1@99, rests 1',
    'filled 4 of 4@100; filled 0 of 5@101; filled 0 of 5@101; filled 2 of 2@98',
    '2 trades',
  ].join(' | ');
  for (let at = 0; at <= tape.length; at++) {
    const restored = decodeExchange(encodeExchange(played(program, tape.slice(0, at))));
    for (const command of tape.slice(at)) restored.apply(command, 1);
    equal(shown(restored), expected, `the state from a snapshot at ${at}`);
    equal(digest(restored), digest(straight), `the digest from a snapshot at ${at}`);
  }
}

/** An iceberg, a pair, a stop, an expiry and a kill switch, each followed by what shows that it was remembered. */
function checkSurface(program: Program): void {
  const { encodeExchange, decodeExchange } = program.snapshot;
  const extra: ExtraTerms = { stopPrice: 0, displayQuantity: 0, selfTrade: 'allow', expiresMs: 0, linkedTo: 0 };
  const commands: readonly Command[] = [
    place({ side: 1, price: 110, quantity: 1 }),
    place({ account: 'b', price: 110, quantity: 1 }),
    place({ quantity: 6, extra: { ...extra, displayQuantity: 2 } }),
    place({ quantity: 1, extra: { ...extra, linkedTo: 5 } }),
    place({ account: 'c', quantity: 1 }),
    place({ account: 'b', side: 1, price: 90, quantity: 1, extra: { ...extra, stopPrice: 95 } }),
    place({ account: 'c', price: 80, extra: { ...extra, expiresMs: 5_000 } }),
    place({ account: 'd', price: 81 }),
    { kind: 'kill', timeMs: 4_000, account: 'd', blocked: true },
    { kind: 'expire', timeMs: 5_000 },
    place({ account: 'd', price: 82 }),
    place({ account: 'b', side: 1, quantity: 3 }),
    place({ account: 'b', price: 95, quantity: 1 }),
    place({ account: 'e', side: 1, price: 95, quantity: 5 }),
  ];
  const ends = new Set<string>();
  for (let at = 0; at <= commands.length; at++) {
    const exchange = decodeExchange(encodeExchange(played(program, commands.slice(0, at))));
    for (const command of commands.slice(at)) {
      exchange.apply(program.command.readCommand(new ByteReader(program.command.encodeCommand(command))), 1);
    }
    const open = ['a', 'b', 'c', 'd', 'e'].flatMap((account) => exchange.orders.openOf(account).map(({ id }) => id));
    const trades = exchange.markets.get('BTC-EUR')?.latestTrades(9) ?? [];
    const traded = trades.map(({ quantity, price, makerId, takerId }) => `${quantity}@${price} ${makerId}<${takerId}`);
    ends.add(`${traded.join('; ')}; open ${open}`);
  }
  const expected = '1@95 15<16; 2@100 5<16; 2@100 5<16; 1@100 7<14; 2@100 5<14; 1@110 3<4; open 8';
  equal([...ends].join(' | '), expected, 'trades and open orders, from a snapshot at any command');
}

/** Resting bids in their order, closed orders in the order of their closing, and the trades: not by way of a snapshot. */
function shown(exchange: ExchangeModule.Exchange): string {
  const market = exchange.markets.get('BTC-EUR');
  const resting: string[] = [];
  market?.eachOrder(0, (id, price, remaining) => {
    const order = exchange.orders.get(id);
    resting.push(`filled ${order?.filled} of ${order?.quantity}@${price}, rests ${remaining}`);
  });
  const closed = exchange.orders
    .closedOrders()
    .map(({ filled, quantity, price }) => `filled ${filled} of ${quantity}@${price}`);
  return [resting.join('; '), closed.join('; '), `${market?.tradeSequence} trades`].join(' | ');
}

function played(program: Program, commands: readonly Command[]): ExchangeModule.Exchange {
  const exchange = new program.exchange.Exchange();
  for (const command of [...listing, ...commands]) exchange.apply(command, 1);
  return exchange;
}

async function textOf(program: Program, disk: MemoryDisk): Promise<string> {
  return JSON.stringify((await open(program, disk)).read);
}

async function refused(call: Promise<unknown>, code: string, what: string): Promise<void> {
  const outcome = await call.then(
    () => 'done',
    (error: { code?: string }) => String(error.code),
  );
  equal(outcome, code, what);
}

function equal(actual: string, expected: string, what: string): void {
  if (actual !== expected) throw new Error(`${what}\n  expected ${expected}\n  got      ${actual}`);
}

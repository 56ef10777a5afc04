import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@sluice/runtime/telemetry';
import { Exchange } from '../../exchange/exchange.ts';
import type { ExchangeListener } from '../../exchange/listener.ts';
import { Sequencer } from '../../exchange/sequencer.ts';
import type * as storeModule from '../../exchange/store.ts';
import { btc, eth, listing, place } from '../../exchange/testing/command-flow.ts';
import { diskError, MemoryDisk } from '../../journal/testing/memory-disk.ts';
import type * as outboxModule from '../outbox.ts';
import type { Outbox } from '../outbox.ts';
import { outboxName, outboxStarts, readOutboxHeader, tradeOffset, tradesIn } from '../outbox-segment.ts';
import { readTrade, TRADE_BYTES } from '../trade-record.ts';
import { tradeOf } from './made-up-trades.ts';

/** The modules under test, or copies with a bug. */
export interface OutboxProgram {
  readonly outbox: typeof outboxModule;
  readonly store: typeof storeModule;
}

const directory = '/data';
/** Three trades a file. */
const segmentBytes = TRADE_BYTES * 3;

/** What must hold between trades, files and snapshots; a seeded bug must make it reject. */
export async function checkOutbox(program: OutboxProgram): Promise<void> {
  await checkReplay(program);
  await checkPowerCuts(program);
  await checkSnapshots(program);
  await checkOtherTrades(program);
  await checkDamage(program);
  await checkFailingDisk(program);
  await checkTrim(program);
}

/** An outbox on `disk` for a book whose snapshot knows `base` trades and whose journal makes those up to `last` again. */
function outboxOf(program: OutboxProgram, disk: MemoryDisk, base: number, last: number, world = 0) {
  const outbox = new program.outbox.Outbox({
    disk,
    directory,
    segmentBytes,
    keepBytes: TRADE_BYTES * 2,
    pause: () => new Promise((resolve) => setImmediate(resolve)),
  });
  const exchange = new Exchange();
  const markets = [btc, eth].map((config) => exchange.addMarket(config));
  for (const [index, market] of markets.entries()) market.tradeSequence = Math.floor((base + 1 - index) / 2);
  const listener: ExchangeListener = outbox.listen(exchange);
  const note = (from: number, to: number): void => {
    for (let number = from; number <= to; number++) {
      const { symbol, trade } = tradeOf(number, world);
      const market = markets[symbol];
      if (market !== undefined) listener.trade?.(market, trade);
    }
  };
  note(base + 1, last);
  return { outbox, note };
}

async function written(program: OutboxProgram, disk: MemoryDisk, last: number): Promise<Outbox> {
  const { outbox, note } = outboxOf(program, disk, 0, 0);
  await outbox.open();
  for (let number = 1; number <= last; number++) {
    note(number, number);
    outbox.flush();
  }
  await outbox.sync();
  return outbox;
}

/** Throws unless the files hold exactly the trades `from` … `to`. */
async function expectTrades(disk: MemoryDisk, from: number, to: number, what: string): Promise<void> {
  let next = from;
  for (const start of outboxStarts(await disk.list())) {
    const bytes = await disk.read(join(directory, outboxName(start)));
    equal(readOutboxHeader(bytes)?.first, start, `head of file ${start}, ${what}`);
    for (let number = start; number < start + tradesIn(bytes.length); number++) {
      equal(number, next++, `numbers, ${what}`);
      equal(
        JSON.stringify(readTrade(bytes, tradeOffset(start, number))),
        JSON.stringify(tradeOf(number)),
        `trade, ${what}`,
      );
    }
  }
  equal(next - 1, to, `last trade, ${what}`);
}

async function checkReplay(program: OutboxProgram): Promise<void> {
  const disk = new MemoryDisk();
  const outbox = await written(program, disk, 10);
  equal(outbox.written, 10, 'trades written');
  await expectTrades(disk, 1, 10, 'as written');
  for (const base of [0, 4, 10]) {
    const again = outboxOf(program, disk, base, 12);
    await again.outbox.open();
    await expectTrades(disk, 1, 12, `replayed after ${base}`);
  }
  // The book began to publish when it had made five trades, and has made none since.
  const late = new MemoryDisk();
  await outboxOf(program, late, 5, 5).outbox.open();
  const header = readOutboxHeader(await late.read(join(directory, outboxName(6))));
  equal(header?.origin, 6, 'origin of an outbox that begins late');
  // A hole stays visible: the trades behind it begin a file of their own.
  const hole = new MemoryDisk();
  await written(program, hole, 7);
  await outboxOf(program, hole, 8, 10).outbox.open();
  equal(outboxStarts(await hole.list()).at(-1), 9, 'first trade behind a hole');
}

/** Whatever a power cut leaves behind the last sync, a replay from there makes whole. */
async function checkPowerCuts(program: OutboxProgram): Promise<void> {
  for (const synced of [0, 1, 3, 5, 6, 7]) {
    const disk = new MemoryDisk();
    const { outbox, note } = outboxOf(program, disk, 0, 0);
    await outbox.open();
    for (let number = 1; number <= 10; number++) {
      note(number, number);
      outbox.flush();
      if (number === synced) await outbox.sync();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await new Promise((resolve) => setImmediate(resolve));
    for (let keep = 0; keep <= TRADE_BYTES * 2; keep += 5) {
      const left = disk.afterPowerCut(keep);
      const again = outboxOf(program, left, synced, 11);
      await again.outbox.open();
      await expectTrades(left, 1, 11, `synced at ${synced}, ${keep} bytes more`);
    }
  }
}

/** A real store: no power cut leaves a snapshot without the trades before it. */
async function checkSnapshots(program: OutboxProgram): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-outbox-'));
  try {
    let disk = new MemoryDisk();
    for (let life = 1; life <= 3; life++) {
      const { outbox, store } = await openBoth(program, disk, folder);
      const { exchange, journal, epoch } = store;
      const sequencer = new Sequencer({
        exchange,
        journal,
        epoch,
        maxPending: 100,
        onQuiet: () => store.snapshotIfDue(),
      });
      sequencer.onApplied.add(() => outbox.flush());
      if (life === 1) for (const command of listing) await sequencer.submit(command);
      for (let index = 0; index < 60; index++) {
        await sequencer.submit(place({ side: index % 2 === 0 ? 0 : 1, account: `a${index % 3}` }));
        if (index % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await sequencer.stop();
      await new Promise((resolve) => setTimeout(resolve, 5));
      const left = disk.afterPowerCut(0);
      await store.close();
      await expectDense(left, folder, program, life * 30);
      disk = left;
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A store of many snapshots, and its outbox. */
async function openBoth(program: OutboxProgram, disk: MemoryDisk, folder: string) {
  const outbox = new program.outbox.Outbox({
    disk,
    directory: folder,
    segmentBytes,
    keepBytes: 0,
    pause: () => Promise.resolve(),
  });
  const store = await program.store.Store.open({
    directory: folder,
    disk,
    log: createLogger('test', 'silent'),
    snapshotEvery: 7,
    snapshotPauseMs: 0,
    listeners: (exchange) => [outbox.listen(exchange)],
    beforeSnapshot: () => outbox.sync(),
  });
  await outbox.open();
  return { outbox, store };
}

/** Opens what a power cut left, as the next start does, and throws when a trade is missing. */
async function expectDense(disk: MemoryDisk, folder: string, program: OutboxProgram, trades: number): Promise<void> {
  const copy = disk.afterPowerCut(0);
  const { store } = await openBoth(program, copy, folder);
  let next = 1;
  for (const start of outboxStarts(await copy.list())) {
    equal(start, next, 'first trade of a file after a power cut');
    next += tradesIn((await copy.read(join(folder, outboxName(start)))).length);
  }
  equal(next - 1, trades, 'trades after a power cut');
  await store.close();
}

async function checkOtherTrades(program: OutboxProgram): Promise<void> {
  const disk = new MemoryDisk();
  await written(program, disk, 10);
  await refuses(outboxOf(program, disk, 4, 12, 1).outbox.open(), 'SLUICE_OUTBOX_DIFFERS', 'another history');
  await refuses(
    outboxOf(program, disk, 4, 9).outbox.open(),
    'SLUICE_OUTBOX_DIFFERS',
    'a book that has made fewer trades',
  );
  await expectTrades(disk, 1, 10, 'refused');
}

async function checkDamage(program: OutboxProgram): Promise<void> {
  const disk = new MemoryDisk();
  await written(program, disk, 10);
  const path = join(directory, outboxName(4));
  const bytes = await disk.read(path);
  const flipped = bytes.slice();
  flipped[tradeOffset(4, 5) + 5] = (flipped[tradeOffset(4, 5) + 5] ?? 0) ^ 1;
  const damaged = disk.with(path, flipped);
  await outboxOf(program, damaged, 3, 10).outbox.open();
  await expectTrades(damaged, 1, 10, 'a damaged trade that was made again');
  const headless = disk.with(join(directory, outboxName(1)), new Uint8Array(bytes.length));
  await refuses(outboxOf(program, headless, 0, 10).outbox.open(), 'SLUICE_OUTBOX_DAMAGED', 'a head of zeros');
  const begun = disk.with(join(directory, outboxName(13)), new Uint8Array(9));
  await outboxOf(program, begun, 10, 11).outbox.open();
  await expectTrades(begun, 1, 11, 'a file that was only begun');
}

async function checkFailingDisk(program: OutboxProgram): Promise<void> {
  const full = new MemoryDisk();
  const { outbox, note } = outboxOf(program, full, 0, 0);
  await outbox.open();
  let isFull = true;
  full.fault = ({ kind }) => (isFull && kind === 'write' ? { error: diskError('ENOSPC'), keep: 7 } : undefined);
  note(1, 5);
  outbox.flush();
  await new Promise((resolve) => setTimeout(resolve, 5));
  await refuses(outbox.sync(), 'SLUICE_DISK_FULL', 'a sync on a full disk');
  isFull = false;
  for (let tries = 0; tries < 100 && outbox.written < 5; tries++)
    await new Promise((resolve) => setTimeout(resolve, 1));
  await outbox.sync();
  await expectTrades(full, 1, 5, 'when there is room again');

  const broken = new MemoryDisk();
  const other = outboxOf(program, broken, 0, 0);
  await other.outbox.open();
  broken.fault = ({ kind }) => (kind === 'datasync' ? { error: diskError('EIO') } : undefined);
  other.note(1, 2);
  other.outbox.flush();
  await refuses(other.outbox.sync(), 'SLUICE_OUTBOX_FAILED', 'a sync that fails');
  broken.fault = () => undefined;
  await refuses(other.outbox.sync(), 'SLUICE_OUTBOX_FAILED', 'a sync after one that failed');
}

async function checkTrim(program: OutboxProgram): Promise<void> {
  const disk = new MemoryDisk();
  const outbox = await written(program, disk, 14);
  // Two trades are kept, files have three: trade 6 and later must stay when 7 are acknowledged.
  for (const [acknowledged, first] of [
    [0, 1],
    [4, 1],
    [7, 4],
    [14, 13],
  ] as const) {
    await outbox.trim(acknowledged);
    await expectTrades(disk, first, 14, `${acknowledged} acknowledged`);
    equal(outbox.first, first, 'oldest trade kept');
  }
  await outboxOf(program, disk, 2, 14).outbox.open();
  await expectTrades(disk, 13, 14, 'replayed from before what was trimmed');
}

async function refuses(promise: Promise<unknown>, code: string, what: string): Promise<void> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  equal((error as { code?: string } | undefined)?.code, code, what);
}

function equal(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)} instead of ${String(expected)}`);
}

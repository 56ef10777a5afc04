import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BrokerServer } from '../../../../hack/brokers/server.ts';
import type { PublishedTrade } from '../trade-message.ts';
import { checkDense, deleteStream, readStream } from './consumer.ts';
import { startCuttingProxy } from './cutting-proxy.ts';
import { messageOf } from './made-up-trades.ts';
import { type BookOptions, BookRig, type PublisherProgram, waitFor } from './rig.ts';

/** A real broker, and the publisher that is to bring trades to it. */
export interface Stage {
  readonly program: PublisherProgram;
  readonly broker: BrokerServer;
  /** A stream that nobody else uses. */
  readonly subject: string;
}

export type Check = (stage: Stage) => Promise<void>;

/** What must hold between a book and its broker, whatever happens to either. */
export const checks: Readonly<Record<string, Check>> = {
  'a broker that is killed and comes back loses and doubles nothing': (stage) =>
    withBook(stage, {}, async (book) => {
      for (let kill = 0; kill < 3; kill++) {
        await trade(book, 200);
        await stage.broker.kill();
        await trade(book, 200);
        await stage.broker.start();
      }
      await book.published();
      await expectStream(stage, 1, 1_200);
    }),

  'a broker that stands still beyond the time limit gets late appends, and takes none twice': (stage) =>
    withBook(stage, {}, async (book) => {
      await trade(book, 100);
      await book.published();
      process.kill(stage.broker.pid, 'SIGSTOP');
      await trade(book, 3_000);
      await waitFor(
        'the publisher to give up',
        () => book.codes.includes('SLUICE_BROKER_UNAVAILABLE'),
        () => book.codes,
      );
      process.kill(stage.broker.pid, 'SIGCONT');
      await trade(book, 100);
      await book.published();
      await expectStream(stage, 1, 3_200);
    }),

  'a connection that is cut again and again': async (stage) => {
    const proxy = await startCuttingProxy(stage.broker.port);
    const { protocol } = new URL(stage.broker.url);
    try {
      await withBook(stage, { url: `${protocol}//127.0.0.1:${proxy.port}` }, async (book) => {
        for (let cut = 0; cut < 10; cut++) {
          await trade(book, 100);
          await waitFor('something to be acknowledged', () => book.acknowledged > cut * 100);
          proxy.cut();
        }
        await book.published();
        await expectStream(stage, 1, 1_000);
      });
    } finally {
      await proxy.stop();
    }
  },

  'a broker that forgets what it acknowledged gets it again': (stage) =>
    withBook(stage, {}, async (book) => {
      const { broker } = stage;
      const copy = join(broker.directory, 'copy');
      await trade(book, 300);
      await book.published();
      await broker.kill();
      rmSync(copy, { recursive: true, force: true });
      cpSync(join(broker.directory, 'data'), copy, { recursive: true });
      await broker.start();
      await trade(book, 300);
      await book.published();
      await broker.kill();
      await broker.wipe();
      cpSync(copy, join(broker.directory, 'data'), { recursive: true });
      await broker.start();
      await trade(book, 50);
      await book.published();
      await expectStream(stage, 1, 650);
      equal(book.forgotten, 300, 'trades that the broker had forgotten');
    }),

  'a broker that has lost everything gets everything again, while the outbox has it': (stage) =>
    withBook(stage, {}, async (book) => {
      await trade(book, 300);
      await book.published();
      await loseEverything(stage.broker);
      await trade(book, 10);
      await book.published();
      await expectStream(stage, 1, 310);
    }),

  'what neither broker nor outbox has stops the publisher, visibly': (stage) =>
    withBook(stage, { keepBytes: 0 }, async (book) => {
      for (let part = 0; part < 5; part++) {
        await trade(book, 100);
        await book.published();
      }
      await trade(book, 1);
      await book.published();
      await loseEverything(stage.broker);
      await trade(book, 10);
      await refused(book, 'SLUICE_PUBLISH_GAP');
      await expectNothing(stage);
    }),

  'a stream that is deleted under a live connection is made again, whole': (stage) =>
    withBook(stage, {}, async (book) => {
      await trade(book, 300);
      await book.published();
      await deleteStream(stage.broker.url, stage.subject);
      await trade(book, 10);
      await book.published();
      await expectStream(stage, 1, 310);
    }),

  'two publishers of one book at once': (stage) =>
    withBook(stage, {}, (book) =>
      withBook(stage, {}, async (other) => {
        for (let part = 0; part < 40; part++) {
          await trade(book, 25);
          await trade(other, 25);
        }
        await Promise.all([book.published(), other.published()]);
        await expectStream(stage, 1, 1_000);
      }),
    ),

  'what was appended behind a refused append is refused too, however the other publisher cut its trades': async (
    stage,
  ) => {
    const { program, broker, subject } = stage;
    const target = { url: broker.url, subject, replicas: 1, maxBytes: 1 << 28, maxTrades: 1e7 };
    const { connect } = program.brokers.createBroker({ ...target, credentials: undefined, ca: undefined });
    const [late, first] = [await connect(new AbortController().signal), await connect(new AbortController().signal)];
    await first.append(messages(1, 10));
    const appends = await Promise.allSettled([late.append(messages(1, 5)), late.append(messages(6, 12))]);
    equal(appends.map(({ status }) => status).join(), 'rejected,rejected', 'appends');
    await Promise.all([late.close(), first.close()]);
    await expectStream(stage, 1, 10);
  },

  'a book that is killed and replayed goes on where the broker is': async (stage) => {
    const book = await new BookRig(stage.program, optionsOf(stage)).start();
    try {
      await trade(book, 500);
      await waitFor('some trades to be acknowledged', () => book.acknowledged > 0);
      await book.abandon();
      await withBook(stage, { directory: book.directory, snapshot: 100, trades: 450 }, async (again) => {
        await trade(again, 50);
        await again.published();
        await expectStream(stage, 1, 600);
      });
    } finally {
      await book.remove();
    }
  },

  'a book that begins to publish late begins with its next trade': (stage) =>
    withBook(stage, { snapshot: 40, trades: 2 }, async (book) => {
      await trade(book, 8);
      await book.published();
      await expectStream(stage, 41, 50);
    }),

  'a stream that is ahead of the book is left alone': async (stage) => {
    await withBook(stage, {}, async (book) => {
      await trade(book, 100);
      await book.published();
    });
    await withBook(stage, { trades: 60 }, async (older) => {
      await refused(older, 'SLUICE_PUBLISH_AHEAD');
      await expectStream(stage, 1, 100);
    });
  },

  'a stream of another history is left alone': async (stage) => {
    await withBook(stage, {}, async (book) => {
      await trade(book, 100);
      await book.published();
    });
    await withBook(stage, { trades: 120, world: 1 }, async (other) => {
      await refused(other, 'SLUICE_PUBLISH_DIFFERS');
      await expectStream(stage, 1, 100);
    });
  },
};

async function withBook(
  stage: Stage,
  options: Partial<BookOptions>,
  use: (book: BookRig) => Promise<void>,
): Promise<void> {
  const book = new BookRig(stage.program, { ...optionsOf(stage), ...options });
  try {
    await book.start();
    await use(book);
  } finally {
    await book.remove();
  }
}

function messages(first: number, last: number): PublishedTrade[] {
  return Array.from({ length: last - first + 1 }, (_, index) => messageOf(first + index));
}

function optionsOf({ broker, subject }: Stage): BookOptions {
  return { url: broker.url, subject };
}

/** Trades in commits of 25, spread over a moment, so that some are under way when the next thing happens. */
async function trade(book: BookRig, count: number): Promise<void> {
  for (let done = 0; done < count; done += 25) {
    await book.trade(Math.min(25, count - done));
    if (done % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Waits until the publisher has come to an end, and throws when it is another one than the refusal. */
async function refused(book: BookRig, code: string): Promise<void> {
  await waitFor(
    code,
    () => book.codes.at(-1) === code || book.acknowledged >= book.outbox.noted,
    () => book.codes,
  );
  equal(book.codes.at(-1), code, 'state of the publisher');
}

async function loseEverything(broker: BrokerServer): Promise<void> {
  await broker.kill();
  await broker.wipe();
  await broker.start();
}

async function expectStream({ broker, subject }: Stage, first: number, last: number): Promise<void> {
  const trades = await readStream(broker.url, subject);
  checkDense(trades, first, last);
  for (const [index, published] of trades.entries()) {
    equal(JSON.stringify(published), JSON.stringify(messageOf(first + index)), `trade ${first + index}`);
  }
}

async function expectNothing({ broker, subject }: Stage): Promise<void> {
  const trades = await readStream(broker.url, subject).catch(() => []);
  equal(trades.length, 0, 'trades behind a gap');
}

function equal(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)} instead of ${String(expected)}`);
}

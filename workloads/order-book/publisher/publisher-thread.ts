import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '@sluice/runtime/clock';
import { OutboxReader } from './outbox-reader.ts';
import type { FromThread, ThreadData } from './publication.ts';
import { Publisher } from './publisher.ts';
import { createBrokerWithFiles } from './secret-files.ts';
import { SharedProgress } from './shared-progress.ts';
import { createTradeView } from './trade-message.ts';

/** The thread of the publisher: neither its clients nor its JSON take time from the book. */
const { directory, symbols, memory, target } = workerData as ThreadData;
const port = parentPort;
if (port === null) throw new Error('this file is the thread of a publisher');
const tell = (message: FromThread): void => port.postMessage(message);
const progress = new SharedProgress(memory);
const publisher = new Publisher({
  clock: systemClock,
  broker: createBrokerWithFiles(target),
  directory,
  reader: new OutboxReader(directory),
  source: progress,
  view: createTradeView(symbols),
  onAcknowledged: (number) => progress.setAcknowledged(number),
  onState: (state) => {
    if (state.state === 'publishing') tell({ kind: 'publishing' });
    else tell({ kind: 'waiting', code: state.error.code, sentence: state.error.message });
  },
  onForgotten: (trades) => tell({ kind: 'forgotten', trades }),
});
port.once('message', async (drainMs: number) => {
  await publisher.stop(drainMs);
  port.close();
});

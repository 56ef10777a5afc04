import type { OrderBook } from '@sluice/api';
import type { ConditionInput } from '@sluice/runtime';
import type { Report } from './members.ts';
import { secretsOf } from './settings.ts';

const reasons: Readonly<Record<string, string>> = {
  SLUICE_BROKER_UNAVAILABLE: 'BrokerUnreachable',
  SLUICE_PUBLISH_SECRET: 'SecretMissing',
  SLUICE_PUBLISH_STREAM: 'StreamUnfit',
  SLUICE_PUBLISH_FOREIGN: 'StreamForeign',
  SLUICE_PUBLISH_DIFFERS: 'StreamDiffers',
  SLUICE_PUBLISH_AHEAD: 'StreamAhead',
  SLUICE_PUBLISH_GAP: 'StreamGap',
  SLUICE_OUTBOX_FAILED: 'OutboxFailed',
};

/**
 * Whether trades are published, by what the member says of itself; undefined when spec does not ask for it. `report` is that of a
 * member that runs this spec and leads.
 */
export function published(book: OrderBook, report: Report | undefined): ConditionInput | undefined {
  const { publish } = book.spec;
  if (publish === undefined) return undefined;
  const type = 'Published';
  const { publication } = report ?? {};
  if (publication === undefined) {
    const message = 'No member with this spec has told yet whether the broker takes its trades.';
    return { type, status: 'Unknown', reason: 'NotReported', message };
  }
  const { state, waiting, sentence } = publication;
  if (state === 'ok') {
    const message = `Trades are published to ${publish.subject} of ${publish.addresses.join(', ')}.`;
    return { type, status: 'True', reason: 'BrokerTakesTrades', message };
  }
  const why = state === 'SLUICE_PUBLISH_SECRET' ? missingSecret(book, sentence) : `${state}: ${sentence}`;
  return { type, status: 'False', reason: reasons[state] ?? 'NotPublished', message: `${backlog(waiting)}. ${why}` };
}

function backlog(waiting: string): string {
  if (waiting === '0') return 'No trade waits';
  return waiting === '1' ? '1 trade waits' : `${waiting} trades wait`;
}

/** In the words of who wrote the spec: the program only knows files. */
function missingSecret(book: OrderBook, sentence: string): string {
  const secrets = secretsOf(book);
  const named = secrets.filter(({ file }) => sentence.includes(file));
  const missing = (named.length > 0 ? named : secrets).map(
    ({ secretName, key }) => `Secret ${secretName} has no key ${key}, or is not there`,
  );
  return `${missing.join('; ')}. It is used within two minutes of its coming.`;
}

import { createCommand } from '@sluice/kit';
import { expect, it } from 'vitest';
import { addPublishOptions, type PublishFlags, publishFromOptions } from './flags.ts';

function read(...args: string[]): ReturnType<typeof publishFromOptions> {
  const command = addPublishOptions(createCommand('test', '', '1'));
  return publishFromOptions(command.parse(args, { from: 'user' }).opts<PublishFlags>());
}

it('without --publish nothing is published', () => {
  expect(read()).toBeUndefined();
});

it('a broker with its defaults, and credentials in a file that may still be to come', () => {
  expect(read('--publish', 'nats://a:4222,nats://b:4222', '--publish-credentials', '/nowhere/login')).toEqual({
    target: {
      url: 'nats://a:4222,nats://b:4222',
      subject: 'trades',
      credentialsFile: '/nowhere/login',
      caFile: undefined,
      replicas: 1,
      maxBytes: 1_073_741_824,
      maxTrades: 4_668_442,
    },
    maxOutboxBytes: 1_073_741_824,
    keepBytes: 67_108_864,
  });
});

it.each([
  [['--publish', 'kafka://a'], '--publish: kafka:// is no broker'],
  [['--publish', 'localhost'], '--publish: "localhost" is not a URL'],
  [['--publish', 'nats://'], '--publish: "nats://" names no host'],
  [['--publish', 'redis://a,redis://b'], '--publish: only NATS takes several servers'],
  [['--publish', 'nats://a', '--publish-subject', 'trades.*'], '--publish-subject must have letters'],
])('%j is refused', (args, sentence) => {
  expect(() => read(...args)).toThrow(sentence);
});

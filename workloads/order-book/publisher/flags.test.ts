import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCommand } from '@sluice/kit';
import { expect, it } from 'vitest';
import { addPublishOptions, type PublishFlags, publishFromOptions } from './flags.ts';

function read(...args: string[]): ReturnType<typeof publishFromOptions> {
  const command = addPublishOptions(createCommand('test', '', '1'));
  return publishFromOptions(command.parse(args, { from: 'user' }).opts<PublishFlags>());
}

it('without --publish nothing is published', async () => {
  expect(await read()).toBeUndefined();
});

it('a broker with its defaults, and credentials from a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-flags-'));
  try {
    writeFileSync(join(folder, 'login'), 'book:secret\n');
    const login = ['--publish-credentials', join(folder, 'login')];
    expect(await read('--publish', 'nats://a:4222,nats://b:4222', ...login)).toEqual({
      target: {
        url: 'nats://a:4222,nats://b:4222',
        subject: 'trades',
        credentials: 'book:secret\n',
        ca: undefined,
        replicas: 1,
        maxBytes: 1_073_741_824,
        maxTrades: 4_668_442,
      },
      maxOutboxBytes: 1_073_741_824,
      keepBytes: 67_108_864,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it.each([
  [['--publish', 'kafka://a'], '--publish: kafka:// is no broker'],
  [['--publish', 'localhost'], '--publish: "localhost" is not a URL'],
  [['--publish', 'nats://'], '--publish: "nats://" names no host'],
  [['--publish', 'redis://a,redis://b'], '--publish: only NATS takes several servers'],
  [['--publish', 'nats://a', '--publish-subject', 'trades.*'], '--publish-subject must have letters'],
  [['--publish', 'nats://a', '--publish-ca', '/nowhere/ca.pem'], '--publish-ca: ENOENT'],
])('%j is refused', async (args, sentence) => {
  await expect(read(...args)).rejects.toThrow(sentence);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createBrokerWithFiles } from './secret-files.ts';

let folder = '';
let server: Server;
let logins: string[] = [];

/** A server of Redis that refuses every login, and notes what it was. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-secret-'));
  logins = [];
  server = createServer((socket: Socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      logins.push(
        ...data
          .toString()
          .split('\r\n')
          .filter((word) => word.startsWith('secret-')),
      );
      socket.write('-WRONGPASS invalid password\r\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

it('secrets are read anew for each session: missing, then there, then others', async () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const credentialsFile = join(folder, 'login');
  const broker = createBrokerWithFiles({
    url: `redis://127.0.0.1:${port}`,
    subject: 'trades',
    credentialsFile,
    caFile: undefined,
    replicas: 1,
    maxBytes: 1,
    maxTrades: 1,
  });
  const connect = () => broker.connect(new AbortController().signal);
  await expect(connect()).rejects.toMatchObject({
    code: 'SLUICE_PUBLISH_SECRET',
    message: `The credentials for the broker cannot be read from ${credentialsFile} (ENOENT). Trades wait in the outbox, and it is tried again.`,
  });
  expect(logins).toEqual([]);
  for (const login of ['secret-1', 'secret-2']) {
    writeFileSync(credentialsFile, `book:${login}\n`);
    await expect(connect()).rejects.toThrow('WRONGPASS');
  }
  expect(logins).toEqual(['secret-1', 'secret-2']);
});

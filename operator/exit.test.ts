import { createServer, type Server } from 'node:net';
import { expect, test } from 'vitest';
import { exitOf } from './exit.ts';
import { UsageError } from './flags.ts';

test('a wrong command line is one sentence and exit 2', () => {
  expect(exitOf(new UsageError('--catalog x: no such file'))).toEqual({
    code: 2,
    text: 'sluice-operator: --catalog x: no such file',
  });
});

test('a taken port is one sentence and exit 1', async () => {
  const taken = createServer();
  await new Promise<void>((listening) => taken.listen(0, '127.0.0.1', listening));
  const { port } = taken.address() as { port: number };
  const error = await failureToListen(createServer(), port);
  taken.close();
  expect(exitOf(error)).toEqual({
    code: 1,
    text: `sluice-operator: port ${port} is in use: choose another with --metrics-port`,
  });
});

function failureToListen(server: Server, port: number): Promise<Error> {
  return new Promise((settle) => server.once('error', settle).listen(port, '127.0.0.1'));
}

test('a bug keeps its stack', () => {
  expect(exitOf(new TypeError('x is not a function')).text).toMatch(/TypeError: x is not a function\n +at /);
});

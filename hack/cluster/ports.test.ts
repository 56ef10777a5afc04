import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { ClusterError } from './errors.ts';
import { checkPortsFree, listenersIn } from './ports.ts';

const header = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const line = (address: string, port: number, state: string): string => {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return `   0: ${address}:${hex} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0`;
};

test.each([
  ['127.0.0.1', '0100007F', 1],
  ['every address', '00000000', 1],
  ['every IPv6 address', '0'.repeat(32), 1],
  ['another address of this host', '0205A8C0', 0],
])('a listener on %s counts %s: %i', (_, address, count) => {
  expect(listenersIn([header, line(address, 30080, '0A')].join('\n'))).toHaveLength(count);
});

test('a connection is no listener; a listener comes with its port and inode', () => {
  const text = [header, line('0100007F', 30081, '01'), line('0100007F', 30085, '0A')].join('\n');
  expect(listenersIn(text)).toEqual([{ port: 30085, inode: '4711' }]);
});

test('a port that this process listens on is refused in one sentence with port and process', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  try {
    expect(() => checkPortsFree([port])).toThrowError(ClusterError);
    expect(() => checkPortsFree([port])).toThrowError(`port ${port} of 127.0.0.1 is taken by`);
    expect(() => checkPortsFree([port])).toThrowError(`node (process ${process.pid})`);
  } finally {
    server.close();
  }
  await once(server, 'close');
  expect(() => checkPortsFree([port])).not.toThrow();
});

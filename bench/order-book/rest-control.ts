import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';

/** What the book answers to a new order, as text: the controls send as many bytes. */
const answer = {
  id: '123456',
  symbol: 'BTC-EUR',
  side: 'buy',
  type: 'limit',
  timeInForce: 'GTC',
  postOnly: false,
  price: '49998.37',
  quantity: '0.1234',
  filled: '0.0000',
  remaining: '0.1234',
  status: 'open',
  createdTime: '2026-01-01T00:00:00.000Z',
  updatedTime: '2026-01-01T00:00:00.000Z',
  fills: [],
};

/** A server that does nothing with an order: what is left is the price of HTTP alone. */
async function main(kind: string | undefined): Promise<void> {
  if (kind === 'fastify') {
    const app = fastify();
    app.post('/v1/orders', async (_request, reply) => reply.code(201).send(answer));
    await app.listen({ port: 0, host: '127.0.0.1' });
    console.log((app.server.address() as AddressInfo).port);
    return;
  }
  const text = JSON.stringify(answer);
  const length = Buffer.byteLength(text);
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      JSON.parse(body);
      response.writeHead(201, { 'content-type': 'application/json; charset=utf-8', 'content-length': length });
      response.end(text);
    });
  });
  server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
}

await main(process.argv[2]);

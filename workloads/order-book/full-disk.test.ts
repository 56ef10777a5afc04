import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { connectOrders, type OrderClient } from './binary/client.ts';
import { errorOf } from './binary/codes.ts';
import { BookProcess } from './testing/book-process.ts';
import { createSmallDisk, type SmallDisk } from './testing/small-disk.ts';

// A disk that is really full, under the real program: what its users see, and what they find afterwards.

const DISK_BYTES = 8 << 20;

let small: SmallDisk;
let book: BookProcess;

beforeEach(async () => {
  small = await createSmallDisk(DISK_BYTES);
});
afterEach(async () => {
  await book.remove();
  small.remove();
});

function createBook(...flags: string[]): BookProcess {
  book = new BookProcess({
    data: join(small.folder, 'data'),
    within: small.within,
    binary: true,
    admin: true,
    flags,
  });
  return book;
}

/** What became of the orders of one account: their ids by client order id, and the client order ids of those not taken. */
interface Outcome {
  readonly acknowledged: Map<string, string>;
  readonly refused: Set<string>;
}

const noOutcome = (): Outcome => ({ acknowledged: new Map(), refused: new Set() });

interface Reply {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: { readonly id: string; readonly code?: string; readonly detail?: string };
}

async function place(clientOrderId: string): Promise<Reply> {
  const order = { symbol: 'BTC-EUR', side: 'buy', price: '100.00', quantity: '0.5', clientOrderId };
  const headers = { 'content-type': 'application/json', 'sluice-account': 'rest' };
  const answer = await fetch(`${book.url}/v1/orders`, { method: 'POST', headers, body: JSON.stringify(order) });
  return { status: answer.status, retryAfter: answer.headers.get('retry-after'), body: (await answer.json()) as never };
}

/** Orders over REST, four at a time, until one is refused. */
async function placeUntilFull({ acknowledged, refused }: Outcome): Promise<void> {
  const before = refused.size;
  let next = acknowledged.size + before;
  const worker = async (): Promise<void> => {
    while (refused.size === before) {
      const clientOrderId = `order-${next++}`;
      const { status, retryAfter, body } = await place(clientOrderId);
      if (status === 201) acknowledged.set(clientOrderId, body.id);
      else {
        expect([status, body.code, retryAfter]).toEqual([503, 'SLUICE_DISK_FULL', '5']);
        expect(body.detail).toContain('is full: the order was not taken');
        refused.add(clientOrderId);
      }
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
}

function connect(): Promise<OrderClient> {
  return connectOrders({ port: book.ports.binary, credentials: { kind: 'account', text: 'binary' } });
}

/** Orders through the binary port, some at a time, until one is refused. */
async function sendUntilFull(client: OrderClient, outcome: Outcome): Promise<void> {
  while (!(await sendSome(client, outcome, 50)));
}

/** Resolves to whether one was refused. */
async function sendSome(client: OrderClient, { acknowledged, refused }: Outcome, count: number): Promise<boolean> {
  const first = acknowledged.size + refused.size + 1;
  const orders = Array.from({ length: count }, (_, index) => first + index);
  const before = refused.size;
  await Promise.all(
    orders.map(async (clientOrderId) => {
      const bid = { kind: 'place', symbol: 0, side: 0, price: 9_000, quantity: 3, clientOrderId } as const;
      const { code, orderId, waitMs } = await client.send(bid);
      if (code === 0) acknowledged.set(String(clientOrderId), String(orderId));
      else {
        expect([errorOf(code)?.code, waitMs]).toEqual(['SLUICE_DISK_FULL', 5_000]);
        refused.add(String(clientOrderId));
      }
    }),
  );
  return refused.size > before;
}

/** Every acknowledged order is in the book, none twice, and none that was refused. */
async function expectOrders(account: string, { acknowledged }: Outcome): Promise<void> {
  const open = new Map<string, string>();
  let count = 0;
  for (let after = ''; ; ) {
    const page = await book.get(`/v1/orders?limit=1000${after}`, account);
    const orders = page?.orders as { id: string; clientOrderId: string }[];
    for (const { id, clientOrderId } of orders) open.set(clientOrderId, id);
    count += orders.length;
    const last = orders.at(-1);
    if (last === undefined) break;
    after = `&after=${last.id}`;
  }
  expect(open).toEqual(acknowledged);
  expect(count).toBe(acknowledged.size);
}

async function expectHealthy(): Promise<void> {
  for (const path of ['healthz', 'readyz']) {
    expect((await fetch(`http://127.0.0.1:${book.ports.admin}/${path}`)).status).toBe(200);
  }
}

const depth = () => book.get('/v1/depth?symbol=BTC-EUR&limit=5000');

it('a full disk refuses orders at both doors, reads go on, and with room again orders are taken', async () => {
  const rest = noOutcome();
  const binary = noOutcome();
  await createBook().start();
  const client = await connect();
  small.fill(200_000);
  await Promise.all([placeUntilFull(rest), sendUntilFull(client, binary)]);
  expect(rest.acknowledged.size).toBeGreaterThan(5);
  expect(binary.acknowledged.size).toBeGreaterThan(100);
  const shown = await depth();
  await expectOrders('rest', rest);
  await expectOrders('binary', binary);
  await expectHealthy();

  // A start needs no room either.
  await book.end('SIGKILL');
  await book.start();
  expect(await depth()).toEqual(shown);
  await expectOrders('rest', rest);
  await expectOrders('binary', binary);
  const again = await connect();
  await Promise.all([placeUntilFull(rest), sendUntilFull(again, binary)]);
  await expectHealthy();

  small.empty();
  const taken = await place('with-room');
  expect(taken.status).toBe(201);
  rest.acknowledged.set('with-room', taken.body.id);
  expect(await sendSome(again, binary, 50)).toBe(false);
  const last = await depth();
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    await book.end(signal);
    await book.start();
    expect(await depth()).toEqual(last);
    await expectOrders('rest', rest);
    await expectOrders('binary', binary);
  }
}, 120_000);

it('a snapshot that does not fit is warned of and tried again later; nothing is lost, and the journal stays', async () => {
  const every = 2_000;
  const snapshots = () => readdirSync(join(small.here, 'data')).filter((name) => name.startsWith('snapshot'));
  const warnings = () => book.stdout.split('the snapshot could not be written').length - 1;
  const binary = noOutcome();
  const send = async (client: OrderClient, count: number) => {
    for (let sent = 0; sent < count; sent += 50) expect(await sendSome(client, binary, 50)).toBe(false);
  };
  await createBook('--snapshot-every', String(every)).start();
  const client = await connect();
  // The journal gives the room of its spare file back when it cannot grow, and that is filled up too.
  small.fill(60_000);
  await send(client, every / 2);
  await vi.waitFor(() => expect(existsSync(join(small.here, 'data', 'journal.spare'))).toBe(false), {
    timeout: 20_000,
  });
  small.fill(60_000);
  // The commands replace zeros that the journal has already; the orders that they leave find no room.
  await send(client, every / 2);
  await vi.waitFor(() => expect(warnings()).toBe(1), { timeout: 20_000 });
  expect(book.stdout).toContain('ENOSPC');
  expect(snapshots()).toEqual([]);
  await send(client, 50);
  await expectHealthy();
  expect(await book.end('SIGTERM')).toMatchObject({ code: 0 });
  // The second attempt is that of the stop: none began with the next commands.
  expect(warnings()).toBe(2);
  expect(snapshots()).toEqual([]);
  await book.start();
  await expectOrders('binary', binary);

  small.empty();
  await send(await connect(), every);
  await vi.waitFor(() => expect(snapshots()).toHaveLength(1), { timeout: 20_000 });
  await book.end('SIGKILL');
  await book.start();
  await expectOrders('binary', binary);
}, 120_000);

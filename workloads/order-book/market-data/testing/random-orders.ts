import { BookProcess } from '../../testing/book-process.ts';

/** A book of two symbols. */
export function createBook(): BookProcess {
  return new BookProcess({
    symbols: `symbols:
  - { name: BTC-EUR, tickSize: "0.01", lotSize: "0.0001" }
  - { name: ETH-EUR, tickSize: "0.01", lotSize: "0.001" }
limits: { ordersPerSecondPerAccount: 1000000, maxOrdersPerAccount: 100000 }
`,
  });
}

/** The book as the engine has it: price → quantity, best first. */
export async function depthOf(book: BookProcess): Promise<{ bids: [number, number][]; asks: [number, number][] }> {
  const depth = (await book.get('/v1/depth?symbol=BTC-EUR&limit=5000')) as Record<'bids' | 'asks', [string, string][]>;
  const numbers = (side: [string, string][]): [number, number][] => side.map(([a, b]) => [Number(a), Number(b)]);
  return { bids: numbers(depth.bids), asks: numbers(depth.asks) };
}

/** Random orders around one price, of which about half are cancelled or changed later. Resolves when all are answered. */
export async function randomOrders(book: BookProcess, count: number, random: () => number): Promise<void> {
  const open: string[] = [];
  let left = count;
  const send = async (method: string, path: string, body?: object): Promise<unknown> => {
    const headers = { 'content-type': 'application/json', 'sluice-account': 'flow' };
    const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
    return (await fetch(`${book.url}${path}`, init)).json();
  };
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const known = open.splice(Math.floor(random() * open.length), 1)[0];
      const price = (100 + Math.round((random() - 0.5) * 300) / 100).toFixed(2);
      const quantity = (Math.ceil(random() * 50) / 10_000).toFixed(4);
      if (known !== undefined && random() < 0.45) {
        await (random() < 0.7
          ? send('DELETE', `/v1/orders/${known}`)
          : send('PATCH', `/v1/orders/${known}`, { price, quantity }));
        continue;
      }
      const side = random() < 0.5 ? 'buy' : 'sell';
      const placed = await send('POST', '/v1/orders', { symbol: 'BTC-EUR', side, price, quantity });
      const { id, status } = placed as { id?: string; status?: string };
      if (id !== undefined && status === 'open') open.push(id);
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

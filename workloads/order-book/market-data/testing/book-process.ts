import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const main = join(import.meta.dirname, '../../main.ts');
const SYMBOLS = `symbols:
  - { name: BTC-EUR, tickSize: "0.01", lotSize: "0.0001" }
  - { name: ETH-EUR, tickSize: "0.01", lotSize: "0.001" }
limits: { ordersPerSecondPerAccount: 1000000, maxOrdersPerAccount: 100000 }
`;

/** A book as a process of its own, on a port that it keeps over restarts. */
export class BookProcess {
  /** Such as `127.0.0.1:40123`. */
  host = '';
  private readonly folder = mkdtempSync(join(tmpdir(), 'sluice-streams-'));
  private child: ChildProcess | undefined;

  constructor() {
    writeFileSync(join(this.folder, 'symbols.yaml'), SYMBOLS);
  }

  get url(): string {
    return `http://${this.host}`;
  }

  async start(): Promise<void> {
    const port = this.host.split(':')[1] ?? '0';
    const files = ['--data', join(this.folder, 'data'), '--symbols', join(this.folder, 'symbols.yaml')];
    const child = spawn(process.execPath, [main, '--port', port, ...files], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.child = child;
    this.host = await new Promise((resolve, reject) => {
      let text = '';
      child.stdout.on('data', (chunk) => {
        text += chunk;
        const found = /depth +curl -s 'http:\/\/([^/]+)/.exec(text);
        if (found?.[1] !== undefined) resolve(found[1]);
      });
      child.once('close', (code) => reject(new Error(`the book ended with ${code}`)));
    });
  }

  /** As a crash: nothing is said to anybody. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true });
  }

  /** The book as the engine has it: price → quantity, best first. */
  async depth(): Promise<{ bids: [number, number][]; asks: [number, number][] }> {
    const answer = await fetch(`${this.url}/v1/depth?symbol=BTC-EUR&limit=5000`);
    const { bids, asks } = (await answer.json()) as { bids: [string, string][]; asks: [string, string][] };
    const numbers = (side: [string, string][]): [number, number][] => side.map(([a, b]) => [Number(a), Number(b)]);
    return { bids: numbers(bids), asks: numbers(asks) };
  }
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

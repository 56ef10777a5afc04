import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../../../hack/control-plane/free-ports.ts';

const main = join(import.meta.dirname, '../../main.ts');
const SYMBOLS =
  'symbols: [{name: BTC-EUR, tickSize: "0.01", lotSize: "0.0001"}]\nlimits: {ordersPerSecondPerAccount: 1000000, maxOrdersPerAccount: 1000000}\n';

/** The real program as a process of its own, on one port and one directory through all its lives. */
export class BookProcess {
  readonly url: string;
  private readonly args: readonly string[];
  private child: ChildProcess | undefined;

  private constructor(port: number, args: readonly string[]) {
    this.url = `http://127.0.0.1:${port}`;
    this.args = args;
  }

  /** In `folder`, with `flags` besides those of data, symbols and port. */
  static async create(folder: string, flags: readonly string[]): Promise<BookProcess> {
    const [port = 0] = await freePorts(1);
    writeFileSync(join(folder, 'symbols.yaml'), SYMBOLS);
    const data = ['--data', join(folder, 'data'), '--symbols', join(folder, 'symbols.yaml')];
    return new BookProcess(port, [main, ...data, '--port', String(port), ...flags]);
  }

  /** Resolves when it serves; rejects with what it said when it ends before. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, this.args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    let said = '';
    child.stderr.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-2_000);
    });
    await new Promise<void>((resolve, reject) => {
      let greeting = '';
      child.stdout.on('data', (chunk) => {
        greeting += chunk;
        if (greeting.includes('tokens')) resolve();
      });
      child.once('close', (code) => reject(new Error(`the book ended with ${code}: ${said}`)));
    });
  }

  /** Resolves when it is gone. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill(signal);
    await gone;
  }

  /** An answer of the book for `account`, undefined for 404. */
  async get(path: string, account = 'default'): Promise<Record<string, unknown> | undefined> {
    const response = await fetch(`${this.url}${path}`, { headers: { 'sluice-account': account } });
    const body = (await response.json()) as Record<string, unknown>;
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(body)}`);
    return body;
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const main = join(import.meta.dirname, '../main.ts');
/** One symbol, and no limit of an account that a load would meet. */
const SYMBOLS = `symbols: [{ name: BTC-EUR, tickSize: "0.01", lotSize: "0.0001" }]
limits: { ordersPerSecondPerAccount: 1000000, maxOrdersPerAccount: 1000000 }
`;

export interface BookProcessOptions {
  /** Text of the symbols file. */
  readonly symbols?: string;
  /** Data directory. Default: `data` in the folder of its own. */
  readonly data?: string;
  /** Port of the service. Default: a free one. */
  readonly port?: number;
  /** Whether it opens the binary port, and that of metrics. */
  readonly binary?: boolean;
  readonly admin?: boolean;
  readonly flags?: readonly string[];
  /** The program to run. Default: that of this checkout. */
  readonly program?: string;
  /** A command that runs the program within something, such as a namespace. */
  readonly within?: readonly string[];
}

/** The program ended when it should serve. */
export class BookEnded extends Error {
  override readonly name = 'BookEnded';
  readonly code: number | null;
  readonly stderr: string;

  constructor(code: number | null, stderr: string) {
    super(`the book ended with ${code}: ${stderr}`);
    this.code = code;
    this.stderr = stderr;
  }
}

interface Life {
  readonly child: ChildProcess;
  readonly ended: Promise<BookEnded>;
  stdout: string;
  stderr: string;
}

/** The real program as a process of its own, on the same ports and one data directory through all its lives. */
export class BookProcess {
  /** Holds its symbols file, and is removed with it. */
  readonly folder = mkdtempSync(join(tmpdir(), 'sluice-book-'));
  readonly data: string;
  /** Known from its first start on. */
  readonly ports: Readonly<Record<'rest' | 'binary' | 'admin', number>>;
  private readonly options: BookProcessOptions;
  private life: Life | undefined;

  constructor(options: BookProcessOptions = {}) {
    this.options = options;
    this.data = options.data ?? join(this.folder, 'data');
    this.ports = { rest: options.port ?? 0, binary: 0, admin: 0 };
    this.writeSymbols(options.symbols ?? SYMBOLS);
  }

  /** Such as `127.0.0.1:40123`. */
  get host(): string {
    return `127.0.0.1:${this.ports.rest}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  /** What its present or last life said: greeting and log, and on stderr. */
  get stdout(): string {
    return this.life?.stdout ?? '';
  }

  get stderr(): string {
    return this.life?.stderr ?? '';
  }

  /** Replaces the symbols file, for the next start. */
  writeSymbols(text: string): void {
    writeFileSync(join(this.folder, 'symbols.yaml'), text);
  }

  /** Resolves when it serves; rejects with BookEnded when it does not. */
  async start(): Promise<void> {
    const { within = [], program = main } = this.options;
    const [command = '', ...rest] = [...within, process.execPath, program, ...this.flags()];
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise<BookEnded>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(new BookEnded(code, life.stderr)));
    });
    const life: Life = { child, ended, stdout: '', stderr: '' };
    this.life = life;
    child.stderr.on('data', (chunk) => {
      life.stderr += chunk;
    });
    const greeted = new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk) => {
        life.stdout += chunk;
        if (this.hasPorts(life.stdout)) resolve();
      });
    });
    const early = await Promise.race([greeted, ended]);
    if (early !== undefined) throw early;
  }

  /** Resolves to how it ended, when it is gone. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<BookEnded | undefined> {
    const { life } = this;
    if (life === undefined) return undefined;
    if (life.child.exitCode === null && life.child.signalCode === null) life.child.kill(signal);
    return life.ended;
  }

  /** Ends it and removes what it left. */
  async remove(): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** An answer of the book for `account`, undefined for 404. */
  async get(path: string, account = 'default'): Promise<Record<string, unknown> | undefined> {
    const response = await fetch(`${this.url}${path}`, { headers: { 'sluice-account': account } });
    const body = (await response.json()) as Record<string, unknown>;
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(body)}`);
    return body;
  }

  private flags(): string[] {
    const { binary = false, admin = false, flags = [] } = this.options;
    return [
      ...['--symbols', join(this.folder, 'symbols.yaml'), '--data', this.data, '--port', String(this.ports.rest)],
      ...(binary ? ['--binary-port', String(this.ports.binary)] : []),
      ...(admin ? ['--admin-port', String(this.ports.admin)] : []),
      ...flags,
    ];
  }

  /** Takes the ports from what it says when it serves: false until they are all there. */
  private hasPorts(greeting: string): boolean {
    const { binary = false, admin = false } = this.options;
    const port = (pattern: RegExp): number => Number(pattern.exec(greeting)?.[1] ?? 0);
    const found = {
      rest: port(/http:\/\/[^:]+:(\d+)/),
      binary: binary ? port(/binary +port (\d+)/) : -1,
      admin: admin ? port(/metrics +port (\d+),/) : -1,
    };
    if (Object.values(found).includes(0) || !/tokens .*\n/.test(greeting)) return false;
    Object.assign(this.ports, found);
    return true;
  }
}

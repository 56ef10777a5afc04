import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCounterLoad } from './load/run-counter-load.ts';

const main = new URL('./main.ts', import.meta.url).pathname;

interface Running {
  readonly process: ChildProcess;
  readonly url: string;
  readonly lines: string[];
}

const processes: ChildProcess[] = [];

function run(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  processes.push(child);
  return child;
}

/** Starts one and waits for its address. */
async function start(data: string, port = 0): Promise<Running> {
  const child = run('--port', String(port), '--data', data);
  const lines: string[] = [];
  if (child.stdout === null) throw new Error('no stdout');
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line.includes('tokens')) break;
  }
  const url = /curl -X POST (\S+)\/v1\/next/.exec(lines.join('\n'))?.[1];
  if (url === undefined) throw new Error(`no address in ${lines.join('\n')}`);
  return { process: child, url, lines };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exited = once(child, 'exit');
  child.kill(signal);
  return (await exited)[0] as number | null;
}

async function take(url: string): Promise<bigint> {
  const response = await fetch(`${url}/v1/next`, { method: 'POST' });
  return BigInt(((await response.json()) as { value: string }).value);
}

describe('sluice-counter without a cluster', () => {
  let data: string;

  beforeEach(async () => {
    data = join(await mkdtemp(join(tmpdir(), 'sluice-counter-')), 'data');
  });
  afterEach(async () => {
    for (const child of processes.splice(0)) child.kill('SIGKILL');
    await rm(join(data, '..'), { recursive: true });
  });

  it('repeats no number after kill -9 under four clients, and the order holds across it', async () => {
    const first = await start(data);
    const { port } = new URL(first.url);
    let running = first;
    let kills = 0;
    let next = 1_000;
    let restarting: Promise<void> | undefined;
    const figures = await runCounterLoad({
      baseUrl: first.url,
      numbers: 5_000,
      clients: 4,
      onProgress: ({ answers }) => {
        if (answers < next || restarting !== undefined) return;
        next += 1_500;
        kills += 1;
        restarting = end(running.process, 'SIGKILL')
          .then(() => start(data, Number(port)))
          .then((again) => {
            running = again;
            restarting = undefined;
          });
      },
    });
    await restarting;
    expect(kills).toBeGreaterThan(0);
    expect(figures).toMatchObject({ answers: 5_000, duplicates: 0, inverted: false });
  });

  it('leaves no gap after a clean stop', async () => {
    const first = await start(data);
    const last = [await take(first.url), await take(first.url)].at(-1);
    expect(last).toBe(2n);
    expect(await end(first.process, 'SIGTERM')).toBe(0);
    expect(await take((await start(data)).url)).toBe(3n);
  });

  it('says at start where it is, and that no token is asked', async () => {
    const { lines, url } = await start(data);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(lines.join('\n')).toContain('none is asked');
    expect(lines.join('\n')).toContain(`${data}/ledger.sqlite`);
  });

  it.each<[string, string[], number, string]>([
    ['an unknown flag', ['--prot', '1'], 2, "unknown option '--prot' (Did you mean --port?)\n"],
    ['no folder', [], 2, 'give --data <folder> to run without a cluster, or --config <file> to be a replica in one\n'],
    ['a bad name', ['--data', 'x', '--counter', 'A'], 2, '--counter A must be'],
    ['a folder that cannot be made', ['--data', '/dev/null/x'], 1, '/dev/null/x'],
  ])('ends with one line for %s', async (_name, args, code, sentence) => {
    const child = run(...args);
    const chunks: string[] = [];
    child.stderr?.on('data', (chunk: Buffer) => chunks.push(String(chunk)));
    const [exit] = await once(child, 'close');
    expect(exit).toBe(code);
    expect(chunks.join('')).toContain(sentence);
    expect(chunks.join('').trimEnd().split('\n')).toHaveLength(1);
  });

  it('does not share a ledger between two processes', async () => {
    await start(data);
    const second = run('--port', '0', '--data', data);
    const chunks: string[] = [];
    second.stderr?.on('data', (chunk: Buffer) => chunks.push(String(chunk)));
    const [exit] = await once(second, 'close');
    expect([exit, chunks.join('')]).toEqual([
      1,
      `SLUICE_LEDGER_IN_USE: ${data}/ledger.sqlite is in use by another sluice-counter: stop it, or give this one a folder of its own.\n`,
    ]);
  });
});

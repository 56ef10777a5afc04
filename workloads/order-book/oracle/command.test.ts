import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { buy, cancel, columnBytes, immediate, modify, type Row, sell, workloadFile } from './testing/workload-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'oracle-'));
afterAll(() => rmSync(directory, { recursive: true }));

interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...args: readonly string[]): Promise<Answer> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], (error, stdout, stderr) => {
      resolve({ exitCode: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

function runFile(bytes: Uint8Array): Promise<Answer> {
  const path = join(directory, `${createHash('sha256').update(bytes).digest('hex')}.cols.zst`);
  writeFileSync(path, bytes);
  return run(path);
}

const LOW = -2_147_483_648;
const HIGH = 2_147_483_647;
const good = [
  { name: 'no messages', rows: [], fills: 0, text: [] },
  {
    name: 'messages without a report of a book',
    rows: [cancel(7), modify(9, 1, 1)],
    fills: 0,
    text: ['4,0,7', '5,1,9'],
  },
  {
    name: 'prices at both ends of int32, ids at both ends of u32, the highest quantity',
    rows: [
      buy(0, 255, LOW),
      sell(4_294_967_295, 255, HIGH),
      buy(1, 3, -1),
      sell(2, 4, 0),
      modify(1, 10, HIGH),
      immediate(sell(3, 255, LOW)),
      cancel(4_294_967_295),
      cancel(0),
    ],
    fills: 3,
    text: [
      `0,0,0,0,${LOW},255`,
      `0,1,1,4294967295,${HIGH},255`,
      '0,2,0,1,-1,3',
      '0,3,1,2,0,4',
      '1,4,0,4,2,1',
      `1,4,${HIGH},6,4294967295,1`,
      `3,4,0,1,${HIGH},10`,
      `0,5,1,3,${LOW},255`,
      `1,5,${LOW},255,0,3`,
      `2,6,1,4294967295,${HIGH}`,
      '4,7,0',
    ],
  },
] satisfies { name: string; rows: Row[]; fills: number; text: string[] }[];

describe('oracle command', () => {
  it.each(good)('$name', async ({ rows, fills, text }) => {
    const { exitCode, stdout, stderr } = await runFile(workloadFile(rows));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toEqual({
      sha256: createHash('sha256').update(text.join('\n')).digest('hex'),
      messages: rows.length,
      fills,
      messagesPerSecondMedian: expect.any(Number),
      messagesPerSecondWorst: expect.any(Number),
    });
  });

  it('a crowd at one price that a few orders take whole', async () => {
    const makers = Array.from({ length: 3_000 }, (_, index) => sell(index + 1, 1 + (index % 2), 100));
    const takers = Array.from({ length: 19 }, (_, index) => buy(4_000 + index, 250, 100));
    const text = makers.map(({ orderId, quantity }, index) => `0,${index},1,${orderId},100,${quantity}`);
    let maker = 0;
    let open = makers[0]?.quantity ?? 0;
    for (const [index, { orderId }] of takers.entries()) {
      const sequence = 3_000 + index;
      text.push(`0,${sequence},0,${orderId},100,250`);
      let left = 250;
      while (left > 0 && maker < makers.length) {
        const lots = Math.min(left, open);
        text.push(`1,${sequence},100,${lots},${makers[maker]?.orderId},${orderId}`);
        left -= lots;
        open -= lots;
        if (open === 0) open = makers[++maker]?.quantity ?? 0;
      }
    }
    const { stdout } = await runFile(workloadFile([...makers, ...takers]));
    const sha256 = createHash('sha256').update(text.join('\n')).digest('hex');
    const fills = text.filter((line) => line.startsWith('1,')).length;
    expect(JSON.parse(stdout)).toMatchObject({ sha256, messages: 3_019, fills });
  });

  it('reads a file of several frames', async () => {
    const bytes = columnBytes([buy(1, 1, 5), sell(2, 1, 5)]);
    const frames = [bytes.subarray(0, 7), bytes.subarray(7)].map((part) => zstdCompressSync(part));
    const { stdout } = await runFile(new Uint8Array(Buffer.concat(frames)));
    expect(JSON.parse(stdout)).toMatchObject({ messages: 2, fills: 1 });
  });

  it.each([
    { name: 'no argument', args: [], sentence: 'give one workload file' },
    { name: 'a file that is not there', args: ['/nowhere.cols.zst'], sentence: 'cannot be read (ENOENT)' },
    { name: 'a directory', args: [directory], sentence: 'cannot be read (EISDIR)' },
  ])('$name: one sentence and exit code 2', async ({ args, sentence }) => {
    expectRefusal(await run(...args), sentence);
  });

  it.each([
    { name: 'an empty file', bytes: new Uint8Array(), sentence: 'not a whole zstd file' },
    { name: 'a file that is not compressed', bytes: columnBytes([buy(1, 1, 1)]), sentence: 'not a whole zstd file' },
    {
      name: 'a file that was cut off',
      bytes: workloadFile([buy(1, 1, 1), buy(2, 2, 2)]).subarray(0, -3),
      sentence: 'not a whole zstd file',
    },
    {
      name: 'a file with rubbish behind it',
      bytes: new Uint8Array([...workloadFile([buy(1, 1, 1)]), 1, 2, 3, 4]),
      sentence: 'not a whole zstd file',
    },
    { name: 'half a message', bytes: zstdCompressSync(new Uint8Array(15)), sentence: '15 bytes' },
    {
      name: 'an unknown type of message',
      bytes: workloadFile([buy(1, 1, 1), { ...buy(2, 1, 1), flags: 3 }]),
      sentence: 'message 1 has flags 3',
    },
    {
      name: 'an unknown flag',
      bytes: workloadFile([{ ...buy(2, 1, 1), flags: 16 }]),
      sentence: 'message 0 has flags 16',
    },
    { name: 'an order of nothing', bytes: workloadFile([buy(1, 0, 1)]), sentence: 'message 0 has quantity 0' },
    {
      name: 'an id that is taken',
      bytes: workloadFile([buy(1, 1, 1), buy(1, 1, 1)]),
      sentence: 'message 1 places order 1',
    },
  ])('$name: one sentence and exit code 2', async ({ bytes, sentence }) => {
    expectRefusal(await runFile(bytes), sentence);
  });
});

function expectRefusal({ exitCode, stdout, stderr }: Answer, sentence: string): void {
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toMatch(/^SLUICE_BAD_WORKLOAD: /);
  expect(stderr).toContain(sentence);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
}

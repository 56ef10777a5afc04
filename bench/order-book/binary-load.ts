import { seededRandom } from '@sluice/runtime/testing';
import { ANSWER_BYTES } from '../../workloads/order-book/binary/answer-frame.ts';
import { type BinaryClient, connectBinary } from '../../workloads/order-book/binary/client.ts';
import { FRAME_BYTES, writeFrame } from '../../workloads/order-book/binary/command-frame.ts';

/** What one run of the load came to. Times are milliseconds; the latency of an open loop counts from when a command was due. */
export interface BinaryFigures {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** Answered, the warm-up included. */
  readonly total: number;
  /** Of the answers, those that say that the order is in the book or traded, was cancelled or changed. */
  readonly done: number;
  /** Refused by the rules of the book, such as a cancel of an order that was filled before. */
  readonly refused: number;
  /** Share of one core that this process used: near 1, the figures are its own and not the server's. */
  readonly loadCpu: number;
}

export interface BinaryLoad {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** Commands per second of an open loop; 0: `depth` commands of each connection are always under way. */
  readonly rate: number;
  readonly depth: number;
  readonly seed: number;
}

const WARM_UP_SECONDS = 2;
/** Commands that one connection may have under way at most; a power of two. */
const RING = 1 << 20;
/** Latencies are counted in steps of 10 µs. */
const STEP_MS = 0.01;
const STEPS = 200_000;
/** A cancel or a change is of one of the latest orders. */
const RECENT = 1_000;

const counts = new Uint32Array(STEPS + 1);
const tally = { answered: 0, total: 0, done: 0, refused: 0 };
let isMeasuring = false;

/** The commands of one account: half are orders around a price that stays, the others cancel or change earlier ones. */
class Sender {
  private readonly random: () => number;
  private readonly due = new Float64Array(RING);
  private client: BinaryClient | undefined;
  private sent = 0;
  private answered = 0;
  private orders = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  async connect(port: number, account: string, onAnswered: (sender: Sender, count: number) => void): Promise<void> {
    const onResults = (view: DataView, count: number): void => {
      this.count(view, count);
      onAnswered(this, count);
    };
    this.client = await connectBinary({ port, credentials: { kind: 'account', text: account }, onResults });
    this.client.ended.then((why) => {
      console.error(`${account}: ${why.code} ${why.message}`);
      process.exit(1);
    });
  }

  /** Sends `count` commands that were due at `dueMs`. */
  send(count: number, dueMs: (index: number) => number): void {
    const frames = new Uint8Array(count * FRAME_BYTES);
    const view = new DataView(frames.buffer);
    for (let index = 0; index < count; index++) {
      this.due[this.sent++ & (RING - 1)] = dueMs(index);
      this.write(view, index * FRAME_BYTES);
    }
    this.client?.write(frames);
  }

  private write(view: DataView, at: number): void {
    const { random } = this;
    const request = this.sent & 0xffff_ffff;
    const kind = random();
    if (kind < 0.5 || this.orders < RECENT) {
      const side = random() < 0.5 ? 0 : 1;
      const away = Math.floor(random() ** 3 * 200) - 2;
      const price = 5_000_000 + (side === 0 ? -away : away);
      const quantity = 1 + Math.floor(random() * 10_000);
      writeFrame(view, at, {
        kind: 'place',
        request: request >>> 0,
        symbol: 0,
        side,
        price,
        quantity,
        clientOrderId: ++this.orders,
      });
      return;
    }
    const clientOrderId = this.orders - Math.floor(random() * RECENT);
    if (kind < 0.91) writeFrame(view, at, { kind: 'cancel', request: request >>> 0, clientOrderId });
    else
      writeFrame(view, at, {
        kind: 'replace',
        request: request >>> 0,
        clientOrderId,
        quantity: 1 + Math.floor(random() * 10_000),
      });
  }

  private count(view: DataView, count: number): void {
    const now = performance.now();
    tally.total += count;
    for (let index = 0; index < count; index++) {
      const due = this.due[this.answered++ & (RING - 1)] as number;
      if (!isMeasuring) continue;
      const isDone = view.getUint16(index * ANSWER_BYTES + 2, true) === 0;
      tally.answered++;
      if (isDone) tally.done++;
      else tally.refused++;
      const step = Math.min(STEPS, Math.floor((now - due) / STEP_MS));
      counts[step] = (counts[step] as number) + 1;
    }
  }
}

function quantile(share: number): number {
  let left = share * tally.answered;
  for (const [step, count] of counts.entries()) {
    left -= count;
    if (left <= 0) return step * STEP_MS;
  }
  return STEPS * STEP_MS;
}

const load = JSON.parse(process.argv[2] ?? '') as BinaryLoad;
const senders = Array.from({ length: load.connections }, (_, index) => new Sender(load.seed * 1_000 + index));
const again = (sender: Sender, count: number): void => {
  const now = performance.now();
  sender.send(count, () => now);
};
for (const [index, sender] of senders.entries()) {
  await sender.connect(load.port, `load-${index}`, load.rate === 0 ? again : () => undefined);
}

/** Sends what is due, a batch a millisecond, in turn over the connections. */
function startOpenLoop(): void {
  const start = performance.now();
  const everyMs = 1_000 / load.rate;
  let sent = 0;
  let turn = 0;
  setInterval(() => {
    const owed = Math.floor((performance.now() - start) / everyMs) - sent;
    const sender = senders[turn++ % senders.length];
    if (owed <= 0 || sender === undefined) return;
    const from = sent;
    sent += owed;
    sender.send(owed, (index) => start + (from + index + 1) * everyMs);
  }, 1);
}

if (load.rate === 0) for (const sender of senders) again(sender, load.depth);
else startOpenLoop();
await new Promise((resolve) => setTimeout(resolve, WARM_UP_SECONDS * 1_000));
isMeasuring = true;
const started = performance.now();
const cpuBefore = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, load.seconds * 1_000));
isMeasuring = false;
const elapsed = (performance.now() - started) / 1_000;
const { user, system } = process.cpuUsage(cpuBefore);
const figures: BinaryFigures = {
  perSecond: Math.round(tally.answered / elapsed),
  p50: quantile(0.5),
  p99: quantile(0.99),
  p999: quantile(0.999),
  total: tally.total,
  done: tally.done,
  refused: tally.refused,
  loadCpu: (user + system) / 1e6 / elapsed,
};
console.log(JSON.stringify(figures));
process.exit(0);

import { connect, type Socket } from 'node:net';
import { type FlowStep, orderFlow } from '../../workloads/order-book/load/order-flow.ts';
import { quantile } from './quantile.ts';

/** What one run of the load came to. Times are milliseconds; the latency of an open loop counts from when a request was due. */
export interface RestFigures {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly answered: number;
  /** Answered, the warm-up included. */
  readonly total: number;
  /** Refused by the rules of the book, such as a cancel of an order that was filled before. */
  readonly refused: number;
  /** Any other answer than that: must be 0. */
  readonly failed: number;
  /** Share of one core that this process used: near 1, the figures are its own and not the server's. */
  readonly loadCpu: number;
}

export interface RestLoad {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** Requests per second of an open loop; 0: each connection sends when it was answered. */
  readonly rate: number;
  /** `orders`: new orders only; `flow`: orders, cancels and changes as on a trading day. */
  readonly mix: 'orders' | 'flow';
  readonly seed: number;
}

export const WARM_UP_SECONDS = 2;
const ANSWER_END = '\r\n\r\n';

/** One keep-alive connection with one request at a time, over a bare socket: an HTTP client would cost more than the server. */
class Connection {
  private readonly socket: Socket;
  private readonly head: string;
  private readonly flow: Generator<FlowStep, never>;
  private readonly onlyOrders: boolean;
  private readonly ids = new Map<number, string>();
  private readonly onAnswer: (connection: Connection, status: number) => void;
  private step: FlowStep | undefined;
  private received = '';
  /** When the request under way was due or sent. */
  since = 0;

  constructor(load: RestLoad, index: number, onAnswer: (connection: Connection, status: number) => void) {
    this.onAnswer = onAnswer;
    this.onlyOrders = load.mix === 'orders';
    this.flow = orderFlow(load.seed * 1_000 + index);
    this.head = `host: 127.0.0.1:${load.port}\r\nsluice-account: load-${index}\r\n`;
    this.socket = connect({ port: load.port, host: '127.0.0.1', noDelay: true });
    this.socket.setEncoding('latin1');
    this.socket.on('data', (chunk) => this.receive(String(chunk)));
    this.socket.on('error', (error) => {
      console.error(`connection ${index}: ${error.message}`);
      process.exit(1);
    });
  }

  /** Sends the next step of the flow that has its order. */
  send(since: number): void {
    this.since = since;
    for (;;) {
      const step: FlowStep = this.flow.next().value;
      if (step.action !== 'place' && (this.onlyOrders || !this.ids.has(step.ref))) continue;
      this.step = step;
      this.socket.write(this.request(step));
      return;
    }
  }

  close(): void {
    this.socket.destroy();
  }

  private request(step: FlowStep): string {
    if (step.action === 'place') return this.withBody('POST /v1/orders', JSON.stringify(step.order));
    const path = `/v1/orders/${this.ids.get(step.ref)}`;
    if (step.action === 'cancel') return `DELETE ${path} HTTP/1.1\r\n${this.head}\r\n`;
    return this.withBody(`PATCH ${path}`, JSON.stringify({ price: step.price, quantity: step.quantity }));
  }

  private withBody(line: string, body: string): string {
    return `${line} HTTP/1.1\r\n${this.head}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  }

  private receive(chunk: string): void {
    this.received += chunk;
    const end = this.received.indexOf(ANSWER_END);
    if (end < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(this.received)?.[1]);
    if (this.received.length < end + ANSWER_END.length + length) return;
    const status = Number(this.received.slice(9, 12));
    const { step } = this;
    if (step?.action === 'place' && status < 300) {
      const from = this.received.indexOf('"id":"', end) + 6;
      if (!this.onlyOrders) this.ids.set(step.ref, this.received.slice(from, this.received.indexOf('"', from)));
    } else if (step?.action === 'cancel') {
      this.ids.delete(step.ref);
    }
    this.received = '';
    this.onAnswer(this, status);
  }
}

/** Runs the load, after a warm-up of the same kind that is not counted. */
export async function runRestLoad(load: RestLoad): Promise<RestFigures> {
  const latencies: number[] = [];
  const counts = { answered: 0, total: 0, refused: 0, failed: 0 };
  const idle: Connection[] = [];
  const begin = performance.now() + WARM_UP_SECONDS * 1_000;
  const end = begin + load.seconds * 1_000;
  let issued = 0;
  const start = performance.now();
  // Due times of an open loop are evenly spaced and never wait for an answer.
  const dueAt = (index: number): number => start + (index * 1_000) / load.rate;
  const next = (connection: Connection, now: number): void => {
    if (load.rate === 0) connection.send(now);
    else if (dueAt(issued) <= now) connection.send(dueAt(issued++));
    else idle.push(connection);
  };
  const onAnswer = (connection: Connection, status: number): void => {
    const now = performance.now();
    counts.total++;
    if (now >= begin && now < end) {
      counts.answered++;
      if (status === 404 || status === 409 || status === 422) counts.refused++;
      else if (status >= 300) counts.failed++;
      latencies.push(now - connection.since);
    }
    next(connection, now);
  };
  const connections = Array.from({ length: load.connections }, (_, index) => new Connection(load, index, onAnswer));
  for (const connection of connections) next(connection, start);

  let cpu = process.cpuUsage();
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
  let warm = false;
  while (performance.now() < end) {
    const now = performance.now();
    if (!warm && now >= begin) {
      warm = true;
      cpu = process.cpuUsage();
    }
    for (let free = idle.pop(); free !== undefined; free = idle.pop()) {
      if (load.rate === 0 || dueAt(issued) > now) {
        idle.push(free);
        break;
      }
      free.send(dueAt(issued++));
    }
    await new Promise<void>((resolve) => setTimeout(resolve, 1));
  }
  const used = process.cpuUsage(cpu);
  for (const connection of connections) connection.close();
  latencies.sort((a, b) => a - b);
  return {
    ...counts,
    perSecond: counts.answered / load.seconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    p999: quantile(latencies, 0.999),
    loadCpu: (used.user + used.system) / 1e6 / load.seconds,
  };
}

if (import.meta.main) {
  const load = JSON.parse(process.argv[2] ?? '') as RestLoad;
  process.stdout.write(`${JSON.stringify(await runRestLoad(load))}\n`, () => process.exit(0));
}

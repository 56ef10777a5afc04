import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@sluice/runtime/clock';
import { createLogger } from '@sluice/runtime/telemetry';
import { startBook } from '../../workloads/order-book/book-service.ts';
import type { GeneratedFile } from './generator.ts';
import { table } from './markdown.ts';

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly { readonly const?: string }[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema | readonly Schema[];
}

interface Operation {
  readonly summary?: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly schema: Schema;
  }[];
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Schema } } };
  readonly responses: Readonly<Record<string, Answer>>;
  readonly security?: readonly { readonly bearer: readonly string[] }[];
}

interface Answer {
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

/** What a book that asks for tokens serves as its API description. */
async function describeBook(): Promise<Paths> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-api-'));
  // A public key that nobody holds the other half of.
  const jwks = { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43), kid: 'none' }] };
  const service = await startBook({
    version: '1.0.0',
    clock: systemClock,
    log: createLogger('generate', 'silent'),
    config: {
      symbols: [{ name: 'BTC-EUR', tickSize: '0.01', lotSize: '0.0001' }],
      limits: { maxOrdersPerAccount: 1, ordersPerSecondPerAccount: 1 },
    },
    store: { directory: join(directory, 'data') },
    host: '127.0.0.1',
    port: 0,
    maxPending: 10,
    maxOpenOrders: 1,
    auth: { jwt: { issuer: 'https://issuer.example', audience: 'book', jwks } },
  });
  try {
    const response = await fetch(`${service.address}/openapi.json`);
    return ((await response.json()) as { paths: Paths }).paths;
  } finally {
    for (const { run } of service.stopSteps) await run();
    rmSync(directory, { recursive: true });
  }
}

const paths = await describeBook();

export function orderBookApiPage(): GeneratedFile {
  return { path: 'docs/reference/order-book-api.md', content: page() };
}

function page(): string {
  const lines = [
    '# Order book: REST API',
    '',
    'Generated from the `/openapi.json` of a running book by `make generate`; do not edit. How to use it: [order-book.md](../order-book.md).',
    '',
    'Refusals are problem documents (RFC 9457) with the codes below. Every route can also answer `SLUICE_INTERNAL` (500) and, where tokens',
    'are asked for, `SLUICE_UNAUTHENTICATED` (401) and `SLUICE_KEYS_UNAVAILABLE` (503). Amounts, ids and times are text.',
  ];
  for (const [path, operations] of Object.entries(paths)) {
    if (!path.startsWith('/v1/')) continue;
    for (const [method, operation] of Object.entries(operations)) lines.push(...section(method, path, operation));
  }
  return `${lines.join('\n')}\n`;
}

function section(method: string, path: string, operation: Operation): string[] {
  const { summary = '', parameters, requestBody, responses, security } = operation;
  const scopes = security?.[0]?.bearer ?? [];
  const asked = [
    ...parameters.map(({ name, in: place, required, schema }) => {
      return [`\`${name}\` (${place})`, typeOf(schema), required ? 'yes' : '', schema.description ?? ''];
    }),
    ...fieldRows(requestBody?.content['application/json'].schema ?? {}, ''),
  ];
  const answered = Object.entries(responses).filter(([status]) => status < '400');
  return [
    '',
    `## ${method.toUpperCase()} ${path}`,
    '',
    `${summary}.${scopes.length === 0 ? '' : ` With tokens it asks for the scope \`${scopes.join(' ')}\`.`}`,
    ...(asked.length === 0 ? [] : ['', ...table(['Field', 'Type', 'Required', 'Meaning'], asked)]),
    ...answered.flatMap(([status, answer]) => answerLines(status, answer)),
    ...problemLines(responses),
  ];
}

function answerLines(status: string, { description, content = {} }: Answer): string[] {
  const schema = content['application/json']?.schema ?? {};
  const fields = fieldRows(schema, '').map(([name = '']) => name);
  return [
    '',
    `${status}: ${description.replace(/\.$/, '')}${fields.length === 0 ? '' : `. Fields: ${fields.join(', ')}`}.`,
  ];
}

const EVERYWHERE = new Set(['SLUICE_INTERNAL', 'SLUICE_UNAUTHENTICATED', 'SLUICE_KEYS_UNAVAILABLE']);

function problemLines(responses: Operation['responses']): string[] {
  const rows = Object.entries(responses).flatMap(([status, { description, content = {} }]) => {
    if (content['application/problem+json'] === undefined || status === 'default') return [];
    const codes = [...description.matchAll(/`(SLUICE_\w+)`/g)].map(([, code = '']) => code);
    const own = codes.filter((code) => !EVERYWHERE.has(code));
    return own.length === 0 ? [] : [[status, own.map((code) => `\`${code}\``).join(', ')]];
  });
  return rows.length === 0 ? [] : ['', ...table(['Status', 'Codes'], rows)];
}

/** Fields of an object and of the objects in it, as rows of the table of a request. */
function fieldRows({ properties = {}, required = [] }: Schema, prefix: string): string[][] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const inner = [schema.items ?? []].flat()[0];
    const nested = schema.properties !== undefined ? schema : inner?.properties !== undefined ? inner : undefined;
    const path = `${prefix}${name}${schema.type === 'array' ? '[]' : ''}`;
    const row = [`\`${path}\``, typeOf(schema), required.includes(name) ? 'yes' : '', schema.description ?? ''];
    return nested === undefined ? [row] : [row, ...fieldRows(nested, `${path}.`)];
  });
}

function typeOf({ type, enum: values, anyOf }: Schema): string {
  const words = values ?? anyOf?.flatMap(({ const: value }) => value ?? []);
  return words === undefined ? (type ?? 'any') : words.map((word) => `\`${word}\``).join(', ');
}

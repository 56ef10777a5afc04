import type { FastifyInstance, RouteOptions } from 'fastify';
import { type ErrorDefinition, serviceErrors } from './errors.ts';

declare module 'fastify' {
  interface FastifySchema {
    /** One line in the API description. */
    summary?: string;
  }
  interface FastifyContextConfig {
    /** What the route refuses with, besides what every route can: for the API description. */
    errors?: readonly ErrorDefinition[];
    /** Headers that the route reads, each with its schema: for the API description. */
    headers?: Readonly<Record<string, object>>;
    /** Parameters of the query that the route checks itself, each with its schema: for the API description. */
    query?: Readonly<Record<string, object>>;
    /** Schema of the bodies that the route refuses with, where they are no problem documents. */
    refusal?: object;
  }
}

interface ApiDescription {
  readonly name: string;
  readonly version: string;
  /** Routes need a bearer token unless they are open. */
  readonly secured: boolean;
}

interface RouteSchema {
  readonly summary?: string;
  readonly body?: object;
  readonly querystring?: object;
  readonly params?: object;
  readonly response?: Readonly<Record<string, object>>;
}

/** Serves `GET /openapi.json`, an OpenAPI 3.1 description made of the schemas that the routes are checked with. */
export function serveOpenApi(app: FastifyInstance, api: ApiDescription): void {
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => {
    if (route.method !== 'HEAD' && route.url !== '/openapi.json') routes.push(route);
  });
  app.get('/openapi.json', { config: { open: true } }, async () => describe(routes, api));
}

function describe(routes: readonly RouteOptions[], { name, version, secured }: ApiDescription): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.url.replace(/:([A-Za-z]+)/g, '{$1}');
    for (const method of [route.method].flat()) {
      paths[path] = { ...paths[path], [method.toLowerCase()]: operation(route, method, path, secured) };
    }
  }
  return {
    openapi: '3.1.0',
    info: { title: name, version },
    paths,
    components: {
      schemas: { Problem: problem },
      ...(secured && { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } }),
    },
  };
}

function operation(route: RouteOptions, method: string, path: string, secured: boolean): object {
  const schema = (route.schema ?? {}) as RouteSchema;
  const { headers = {}, query = {}, scope } = route.config ?? {};
  const asksToken = secured && route.config?.open !== true;
  return {
    operationId: `${method.toLowerCase()}${path.replace(/[^A-Za-z0-9]+(.)?/g, (_, next) => (next ?? '').toUpperCase())}`,
    ...(schema.summary !== undefined && { summary: schema.summary }),
    parameters: [
      ...parameters(schema.params, 'path'),
      ...parameters(schema.querystring, 'query'),
      ...parameters({ properties: query }, 'query'),
      ...parameters({ properties: headers }, 'header'),
    ],
    ...(schema.body !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema: schema.body } } },
    }),
    responses: { ...answers(schema), ...problems(route, schema, asksToken) },
    // For bearer tokens the list has the names that the scope claim must have.
    ...(asksToken && { security: [{ bearer: scope === undefined ? [] : [scope] }] }),
  };
}

function answers({ response = { 200: {} } }: RouteSchema): Record<string, object> {
  const entries = Object.entries(response).map(([code, body]) => {
    const { description = 'Done' } = body as { description?: string };
    // What an upgrade leads to is no body.
    const content = code === '101' ? {} : { content: { 'application/json': { schema: body } } };
    return [code, { description, ...content }] as const;
  });
  return Object.fromEntries(entries);
}

/** What a route can refuse with, by status; `default` stands for what no route promises. */
function problems(route: RouteOptions, schema: RouteSchema, asksToken: boolean): Record<string, object> {
  const { errors = [], scope, refusal } = route.config ?? {};
  if (refusal !== undefined) {
    return { default: { description: 'Any refusal.', content: { 'application/json': { schema: refusal } } } };
  }
  const { invalidRequest, bodyTooLarge, unsupportedMediaType, unauthenticated, keysUnavailable } = serviceErrors;
  const possible = new Set<ErrorDefinition>(errors);
  for (const error of schema.body === undefined ? [] : [invalidRequest, bodyTooLarge, unsupportedMediaType]) {
    possible.add(error);
  }
  if (schema.querystring !== undefined || schema.params !== undefined) possible.add(invalidRequest);
  for (const error of asksToken ? [unauthenticated, keysUnavailable] : []) possible.add(error);
  if (scope !== undefined) possible.add(serviceErrors.forbidden);
  possible.add(serviceErrors.internal);
  const entries = [...Map.groupBy(possible, ({ status }) => status)].map(([status, group]) => {
    const description = group.map(({ code, title }) => `\`${code}\`: ${title}.`).join(' ');
    const code = { properties: { code: { enum: group.map((error) => error.code) } } };
    return [status, problemAnswer(description, { allOf: [reference, code] })] as const;
  });
  return { ...Object.fromEntries(entries), default: problemAnswer('Any other problem (RFC 9457).', reference) };
}

function problemAnswer(description: string, schema: object): object {
  return { description, content: { 'application/problem+json': { schema } } };
}

const text = { type: 'string' };
const reference = { $ref: '#/components/schemas/Problem' };
const problem = {
  type: 'object',
  description: 'A problem document (RFC 9457).',
  properties: {
    type: { ...text, description: 'A URN that ends in the code.' },
    title: { ...text, description: 'The kind of failure.' },
    status: { type: 'integer' },
    detail: { ...text, description: 'What was wrong this time, for people.' },
    code: { ...text, description: 'Stable, for programs.' },
  },
  required: ['type', 'title', 'status', 'detail', 'code'],
};

function parameters(schema: object | undefined, place: 'path' | 'query' | 'header'): object[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schema as { properties?: Record<string, object>; required?: string[] };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

import type { FastifyInstance, RouteOptions } from 'fastify';

declare module 'fastify' {
  interface FastifySchema {
    /** One line in the API description. */
    summary?: string;
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
      paths[path] = { ...paths[path], [method.toLowerCase()]: operation(route, secured) };
    }
  }
  return {
    openapi: '3.1.0',
    info: { title: name, version },
    paths,
    ...(secured && {
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    }),
  };
}

function operation(route: RouteOptions, secured: boolean): object {
  const schema = (route.schema ?? {}) as RouteSchema;
  const answers = Object.entries(schema.response ?? { 200: {} }).map(([code, body]) => [
    code,
    { description: code === '200' ? 'Done' : 'See the schema', content: { 'application/json': { schema: body } } },
  ]);
  return {
    ...(schema.summary !== undefined && { summary: schema.summary }),
    parameters: [...parameters(schema.params, 'path'), ...parameters(schema.querystring, 'query')],
    ...(schema.body !== undefined && { requestBody: { content: { 'application/json': { schema: schema.body } } } }),
    responses: {
      ...Object.fromEntries(answers),
      default: { description: 'A problem (RFC 9457)', content: { 'application/problem+json': { schema: problem } } },
    },
    ...(secured && route.config?.open !== true && { security: [{ bearer: [] }] }),
  };
}

const text = { type: 'string' };
const problem = {
  type: 'object',
  properties: { type: text, title: text, status: { type: 'integer' }, detail: text, code: text },
  required: ['type', 'title', 'status', 'detail', 'code'],
};

function parameters(schema: object | undefined, place: 'path' | 'query'): object[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schema as { properties?: Record<string, object>; required?: string[] };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

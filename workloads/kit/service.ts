import type { Logger } from '@sluice/runtime/telemetry';
import { createMetrics } from '@sluice/runtime/telemetry';
import { Ajv } from 'ajv';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Registry } from 'prom-client';
import type { Caller, TokenVerifier } from './auth.ts';
import { CodedError, serviceErrors } from './errors.ts';
import type { Health } from './health.ts';
import { serviceMetrics } from './metrics.ts';
import { serveOpenApi } from './openapi.ts';
import { codedErrorOf, problemMediaType, problemOf } from './problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls. `undefined` on a service without authentication and on routes with `config.open`. */
    caller: Caller | undefined;
  }
  interface FastifyContextConfig {
    /** This route asks for no token. */
    open?: boolean;
  }
}

export interface ServiceLimits {
  /** Largest request body in bytes. Default 64 KiB. */
  readonly bodyBytes: number;
  /** Idle keep-alive time in ms. Default 75 s: above the 60 s of common balancers, so that they close first. */
  readonly keepAliveMs: number;
  /** Longest time in ms for a request to arrive whole. Default 30 s. */
  readonly requestMs: number;
}

export interface ServiceOptions {
  /** Title of the API description. */
  readonly name: string;
  readonly version: string;
  readonly log: Logger;
  readonly registry: Registry;
  /** While draining, answers carry `connection: close` so that clients move to another replica. */
  readonly health: Health;
  readonly limits?: Partial<ServiceLimits>;
  /** Absent: no token is asked on any route. */
  readonly auth?: TokenVerifier | undefined;
}

/**
 * The one HTTP set-up of every program: strict JSON bodies (no coercion, unknown fields refused when the schema says
 * `additionalProperties: false`), problem+json errors, request metrics, bearer tokens, `GET /openapi.json`.
 * Register routes, then `listen`. Route options: `schema` (JSON Schema, TypeBox), `config.open`.
 */
export function createService(options: ServiceOptions): FastifyInstance {
  const { log, limits = {}, health } = options;
  const app = fastify({
    logger: false,
    bodyLimit: limits.bodyBytes ?? 64 * 1024,
    keepAliveTimeout: limits.keepAliveMs ?? 75_000,
    requestTimeout: limits.requestMs ?? 30_000,
    // During a graceful stop, requests on open connections are still served: `connection: close` moves clients away.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { ignoreTrailingSlash: true },
  });
  app.setValidatorCompiler(validatorCompiler());
  measureRequests(app, options.registry);
  app.setErrorHandler((error, request, reply) => sendProblem(codedErrorOf(error), request, reply, log));
  app.setNotFoundHandler((request, reply) => {
    const sentence = `There is no ${request.method} ${request.url.split('?', 1)[0]} here. GET /openapi.json lists what there is.`;
    sendProblem(new CodedError(serviceErrors.notFound, sentence), request, reply, log);
  });
  app.addHook('onSend', async (_request, reply) => {
    if (health.draining) reply.header('connection', 'close');
  });
  authenticate(app, options.auth);
  serveOpenApi(app, { name: options.name, version: options.version, secured: options.auth !== undefined });
  return app;
}

/** Bodies are taken as they are; path, query and headers are text, so there a number may be written as text. */
function validatorCompiler() {
  const common = { allErrors: false, useDefaults: true, removeAdditional: false, strict: false } as const;
  const exact = new Ajv({ ...common, coerceTypes: false });
  const text = new Ajv({ ...common, coerceTypes: 'array' });
  return ({ schema, httpPart }: { schema: unknown; httpPart?: string }) => {
    const ajv = httpPart === 'body' || httpPart === undefined ? exact : text;
    return ajv.compile(schema as object);
  };
}

function sendProblem(error: CodedError, request: FastifyRequest, reply: FastifyReply, log: Logger): void {
  if (error.status >= 500) {
    log.error({ err: error.cause ?? error, method: request.method, url: request.url, code: error.code }, error.message);
  }
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', String(error.retryAfterSeconds));
  if (error.status === 401) reply.header('www-authenticate', 'Bearer');
  reply
    .code(error.status)
    .header('content-type', problemMediaType)
    .header('cache-control', 'no-store')
    .serializer(JSON.stringify)
    .send(problemOf(error));
}

function measureRequests(app: FastifyInstance, registry: Registry): void {
  const metrics = createMetrics(serviceMetrics, registry);
  app.addHook('onResponse', async (request, reply) => {
    const { method } = request;
    const route = request.routeOptions.url ?? 'unmatched';
    metrics.requests.inc({ method, route, code: String(reply.statusCode) });
    metrics.requestSeconds.observe({ method, route }, reply.elapsedTime / 1000);
  });
}

function authenticate(app: FastifyInstance, auth: TokenVerifier | undefined): void {
  app.decorateRequest('caller', undefined);
  if (auth === undefined) return;
  app.addHook('onRequest', async (request) => {
    if (request.is404 || request.routeOptions.config.open === true) return;
    request.caller = await auth.verify(request.headers.authorization);
  });
}

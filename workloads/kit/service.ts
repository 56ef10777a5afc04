import type { IncomingMessage } from 'node:http';
import type { Logger } from '@sluice/runtime/telemetry';
import { createMetrics } from '@sluice/runtime/telemetry';
import { Ajv } from 'ajv';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Registry } from 'prom-client';
import { type Caller, LONGEST_SUBJECT, type TokenVerifier } from './auth.ts';
import { answerBrokenRequest } from './broken-request.ts';
import { CodedError, serviceErrors } from './errors.ts';
import type { Health } from './health.ts';
import { parseJsonBodies } from './json-body.ts';
import { serviceMetrics } from './metrics.ts';
import { serveOpenApi } from './openapi.ts';
import { codedErrorOf, notFoundError, problemMediaType, problemOf } from './problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls. `undefined` on a service without authentication and on routes with `config.open`. */
    caller: Caller | undefined;
  }
  interface FastifyContextConfig {
    /** This route asks for no token. */
    open?: boolean;
    /** The token must have this scope; on a service without authentication, only callers on loopback are let through. */
    scope?: string;
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
 * Register routes, then `listen`. Route options: `schema` (JSON Schema, TypeBox), `config.open`, `config.scope`,
 * `config.errors`.
 */
export function createService(options: ServiceOptions): FastifyInstance {
  const { log, limits = {}, health } = options;
  const app: FastifyInstance = fastify({
    logger: false,
    bodyLimit: limits.bodyBytes ?? 64 * 1024,
    keepAliveTimeout: limits.keepAliveMs ?? 75_000,
    requestTimeout: limits.requestMs ?? 30_000,
    // During a graceful stop, requests on open connections are still served: `connection: close` moves clients away.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    http: { shouldUpgradeCallback: (request) => isWebSocket(request) && app.server.listenerCount('upgrade') > 0 },
    // A part of a path may be the subject of a token, of which the router measures some characters as three.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 3 * LONGEST_SUBJECT },
    // A path that cannot be decoded, or a part of it that is too long: before there is a route to answer.
    frameworkErrors: (error, request, reply) => sendProblem(codedErrorOf(error), request, reply, log),
    clientErrorHandler: answerBrokenRequest,
  });
  app.setValidatorCompiler(validatorCompiler());
  parseJsonBodies(app);
  // Response schemas describe the API. As fast as code made of them, and nothing that a schema forgot is left out unseen.
  app.setSerializerCompiler(() => JSON.stringify);
  measureRequests(app, options.registry);
  app.setErrorHandler((error, request, reply) => sendProblem(codedErrorOf(error), request, reply, log));
  app.setNotFoundHandler((request, reply) => sendProblem(notFoundError(request), request, reply, log));
  // Hooks with a callback: a promise per hook and request would be a tenth of an empty route.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (health.draining) reply.header('connection', 'close');
    done(null, payload);
  });
  authenticate(app, options.auth);
  serveOpenApi(app, { name: options.name, version: options.version, secured: options.auth !== undefined });
  return app;
}

/**
 * Whether a request asks for a WebSocket. Other upgrades are offers that need not be taken up: the HTTP client of Java offers HTTP/2
 * (`upgrade: h2c`) with its first request on a connection, which is a request like any other.
 */
export function isWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
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
  app.addHook('onResponse', (request, reply, done) => {
    const { method } = request;
    const route = request.routeOptions.url ?? 'unmatched';
    metrics.requests.inc({ method, route, code: String(reply.statusCode) });
    metrics.requestSeconds.observe({ method, route }, reply.elapsedTime / 1000);
    done();
  });
}

function authenticate(app: FastifyInstance, auth: TokenVerifier | undefined): void {
  app.decorateRequest('caller', undefined);
  app.addHook('onRequest', (request, _reply, done) => {
    const { open, scope } = request.routeOptions.config;
    if (request.is404 || open === true) return done();
    if (auth === undefined) return done(scope === undefined || isLoopback(request.ip) ? undefined : remoteRefusal());
    auth.verify(request.headers.authorization).then((caller) => {
      request.caller = caller;
      done(scope === undefined || caller.scopes.has(scope) ? undefined : scopeRefusal(scope));
    }, done);
  });
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}

function remoteRefusal(): CodedError {
  const sentence = 'No tokens are configured here, so this is taken from the same machine only.';
  return new CodedError(serviceErrors.forbidden, sentence);
}

function scopeRefusal(scope: string): CodedError {
  return new CodedError(serviceErrors.forbidden, `The token needs the scope "${scope}".`);
}

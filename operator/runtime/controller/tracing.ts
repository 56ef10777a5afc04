import type { ContextAPI, Span, SpanStatusCode, TraceAPI, Tracer } from '@opentelemetry/api';
import { KubeApiError, type KubeClient } from '../kube/client.ts';
import type { ObjectKey, Resource } from '../kube/object.ts';

/**
 * OpenTelemetry of the application, handed in: `{ api, tracer: api.trace.getTracer('my-operator') }` with
 * `import * as api from '@opentelemetry/api'`. The runtime itself imports only its types.
 */
export interface Tracing {
  readonly api: { readonly context: ContextAPI; readonly trace: TraceAPI };
  readonly tracer: Tracer;
}

/** The span of one reconcile. */
export interface ReconcileSpan {
  /** Runs `fn` with the span as the active one, so that spans that the application starts are its children. */
  run<T>(fn: () => T): T;
  /** `client`, with a child span for each call. */
  traced(client: KubeClient): KubeClient;
  end(result: string, error?: unknown): void;
}

const untraced: ReconcileSpan = { run: (fn) => fn(), traced: (client) => client, end: () => {} };
// The values of its enums; a structural import has none.
const CLIENT = 2;
const ERROR: SpanStatusCode = 2;

/** Without `tracing` a span that does nothing. */
export function startReconcileSpan(
  tracing: Tracing | undefined,
  about: { controller: string; key: ObjectKey; reconcileID: string; reason: string; epoch: number },
): ReconcileSpan {
  if (tracing === undefined) return untraced;
  const { api, tracer } = tracing;
  const span = tracer.startSpan(`reconcile ${about.controller}`, {
    root: true,
    attributes: {
      'controller.name': about.controller,
      'controller.reconcile_id': about.reconcileID,
      'controller.reason': about.reason,
      'controller.epoch': about.epoch,
      'k8s.namespace.name': about.key.namespace,
      'k8s.object.name': about.key.name,
    },
  });
  const inside = api.trace.setSpan(api.context.active(), span);
  const call = <T>(
    verb: string,
    resource: Pick<Resource, 'plural' | 'group'>,
    key: ObjectKey,
    fn: () => Promise<T>,
  ) => {
    const attributes = {
      'k8s.verb': verb,
      'k8s.resource.group': resource.group,
      'k8s.resource.plural': resource.plural,
      'k8s.namespace.name': key.namespace,
      'k8s.object.name': key.name,
    };
    return spanned(tracer.startSpan(`${verb} ${resource.plural}`, { kind: CLIENT, attributes }, inside), fn);
  };
  return {
    run: (fn) => api.context.with(inside, fn),
    traced: (client) => tracedClient(client, call),
    end(result, error) {
      span.setAttribute('controller.result', result);
      if (error !== undefined) markFailed(span, error);
      span.end();
    },
  };
}

type Call = <T>(
  verb: string,
  resource: Pick<Resource, 'plural' | 'group'>,
  key: ObjectKey,
  fn: () => Promise<T>,
) => Promise<T>;

function tracedClient(client: KubeClient, call: Call): KubeClient {
  const keyIn = ({ metadata: { namespace = '', name } }: { metadata: { namespace?: string; name: string } }) => ({
    namespace,
    name,
  });
  return {
    get: (resource, key, options) => call('get', resource, key, () => client.get(resource, key, options)),
    list: (resource, options) =>
      call('list', resource, { namespace: options?.namespace ?? '', name: '' }, () => client.list(resource, options)),
    create: (resource, object, options) =>
      call('create', resource, keyIn(object), () => client.create(resource, object, options)),
    replace: (resource, object, options) =>
      call('update', resource, keyIn(object), () => client.replace(resource, object, options)),
    apply: (resource, object, options) =>
      call('apply', resource, keyIn(object), () => client.apply(resource, object, options)),
    mergePatch: (resource, key, patch, options) =>
      call('patch', resource, key, () => client.mergePatch(resource, key, patch, options)),
    delete: (resource, key, options) => call('delete', resource, key, () => client.delete(resource, key, options)),
    evict: (key, options) => call('evict', { group: '', plural: 'pods' }, key, () => client.evict(key, options)),
    raw: (method, path, body, options) =>
      call(method, { group: '', plural: path }, { namespace: '', name: '' }, () =>
        client.raw(method, path, body, options),
      ),
  };
}

async function spanned<T>(span: Span, fn: () => Promise<T>): Promise<T> {
  try {
    return await fn();
  } catch (error) {
    if (error instanceof KubeApiError) span.setAttribute('http.response.status_code', error.status);
    markFailed(span, error);
    throw error;
  } finally {
    span.end();
  }
}

function markFailed(span: Span, error: unknown): void {
  const { name, message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  span.recordException({ name, message, stack });
  span.setStatus({ code: ERROR, message });
}

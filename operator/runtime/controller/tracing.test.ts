import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as api from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { beforeEach, expect, test } from 'vitest';
import { KubeApiError, type KubeClient } from '../kube/client.ts';
import { ConfigMap } from '../kube/resources.ts';
import { startReconcileSpan } from './tracing.ts';

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const tracing = { api, tracer: provider.getTracer('test') };
const key = { namespace: 'ns', name: 'a' };
const about = { controller: 'configmap', key, reconcileID: 'r1', reason: 'updated ConfigMap a', epoch: 3 };
const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: key };
const client = {
  get: async () => undefined,
  apply: async () => {
    throw new KubeApiError(409, 'Conflict', 'it has changed');
  },
} as unknown as KubeClient;

beforeEach(() => exporter.reset());

test('a reconcile is a span, and each of its calls a child of it', async () => {
  const span = startReconcileSpan(tracing, about);
  await span.run(async () => {
    const traced = span.traced(client);
    await traced.get(ConfigMap, key);
    await traced.apply(ConfigMap, object, { fieldManager: 'x' }).catch(() => undefined);
  });
  span.end('requeue', new KubeApiError(409, 'Conflict', 'it has changed'));
  const [get, apply, reconcile] = exporter.getFinishedSpans();
  expect([get?.name, apply?.name, reconcile?.name]).toEqual([
    'get configmaps',
    'apply configmaps',
    'reconcile configmap',
  ]);
  expect(reconcile?.attributes).toMatchObject({
    'controller.reason': 'updated ConfigMap a',
    'controller.reconcile_id': 'r1',
    'controller.epoch': 3,
    'controller.result': 'requeue',
    'k8s.object.name': 'a',
  });
  expect(reconcile?.parentSpanContext).toBeUndefined();
  for (const child of [get, apply]) {
    expect(child?.parentSpanContext?.spanId).toBe(reconcile?.spanContext().spanId);
    expect(child?.kind).toBe(api.SpanKind.CLIENT);
  }
  expect(get?.status.code).toBe(api.SpanStatusCode.UNSET);
  expect(apply?.status).toEqual({ code: api.SpanStatusCode.ERROR, message: 'it has changed' });
  expect(apply?.attributes['http.response.status_code']).toBe(409);
});

test('without a tracer the client is the client, and the runtime imports only types of OpenTelemetry', () => {
  const span = startReconcileSpan(undefined, about);
  expect(span.traced(client)).toBe(client);
  expect(span.run(() => 7)).toBe(7);
  const source = readFileSync(join(import.meta.dirname, 'tracing.ts'), 'utf8');
  expect(source.match(/^import (?!type ).*opentelemetry/m)).toBeNull();
});

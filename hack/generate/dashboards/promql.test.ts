import { defineMetrics } from '@sluice/runtime/telemetry';
import { expect, test } from 'vitest';
import { counterOf, observations, orZero, quantile, rate, state, value, valueWhere } from './promql.ts';

const { orders, open, seconds } = defineMetrics({
  orders: { type: 'counter', name: 'orders_total', help: 'Orders.', labels: ['symbol', 'result'] },
  open: { type: 'gauge', name: 'open_orders', help: 'Open orders.', labels: [] },
  seconds: { type: 'histogram', name: 'order_seconds', help: 'Time.', labels: ['symbol'] },
});

const scope = { matchers: { namespace: '=~"$namespace"' }, window: '$__rate_interval' } as const;

test('a query is its metric within the scope', () => {
  expect(value(open, 'max')(scope)).toBe('max (open_orders{namespace=~"$namespace"})');
  expect(orZero(value(open, 'sum'))({ matchers: {}, window: '1m' })).toBe('sum (open_orders) or vector(0)');
  expect(rate(orders, { by: ['symbol', 'pod'], where: { result: '!="ok"' } })(scope)).toBe(
    'sum by (symbol, pod) (rate(orders_total{namespace=~"$namespace", result!="ok"}[$__rate_interval]))',
  );
  expect(observations(seconds)(scope)).toBe(
    'sum (rate(order_seconds_count{namespace=~"$namespace"}[$__rate_interval]))',
  );
  expect(quantile(0.99, seconds, { by: ['symbol'] })(scope)).toBe(
    'histogram_quantile(0.99, sum by (symbol, le) (rate(order_seconds_bucket{namespace=~"$namespace"}[$__rate_interval])))',
  );
  expect(rate(counterOf('process_cpu_seconds_total'))(scope)).toContain('process_cpu_seconds_total{');
});

test('what every operator pod exports alike is counted once', () => {
  const replicas = { type: 'gauge', name: 'replicas', help: 'Pods.', labels: ['namespace', 'name'] } as const;
  expect(state(replicas, 'sum')(scope)).toBe(
    'sum (max by (cluster, namespace, name) (replicas{namespace=~"$namespace"}))',
  );
});

test('only the pods that a flag picks', () => {
  const leads = { type: 'gauge', name: 'leads', help: 'Leads.', labels: [] } as const;
  expect(valueWhere(leads, open, 'max')({ matchers: {}, window: '1m' })).toBe(
    'max (open_orders and on (cluster, namespace, pod) (max by (cluster, namespace, pod) (leads) == 1))',
  );
});

test('what the metric does not have fails the compiler', () => {
  // @ts-expect-error: no such label
  rate(orders, { by: ['colour'] });
  // @ts-expect-error: no such label
  value(open, 'sum', { where: { symbol: '="A"' } });
  // @ts-expect-error: the rate of a gauge
  rate(open);
  // @ts-expect-error: the quantile of a counter
  quantile(0.5, orders);
});

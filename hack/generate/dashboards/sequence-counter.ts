import { counterMetrics } from '../../../workloads/sequence-counter/metrics.ts';
import { type DashboardDefinition, lines, number } from './dashboard.ts';
import { appOf, healthPanels, processRow, resourceVariables, serviceRow } from './parts.ts';
import { observations, orZero, quantile, rate, value } from './promql.ts';

const counter = counterMetrics;

export const sequenceCounterDashboard: DashboardDefinition = {
  uid: 'sluice-sequence-counter',
  title: 'Sluice / SequenceCounter',
  description: 'Numbers handed out, who holds the lease, and how the ledger answers.',
  ...resourceVariables('SequenceCounter'),
  rows: [
    {
      title: 'State',
      panels: [
        ...healthPanels('SequenceCounter'),
        number(
          'Holders',
          'Replicas that hold a lease: one for each counter in mode Strict.',
          'short',
          value(counter.holds, 'sum'),
        ),
        number(
          'Ledgers not believed',
          'Replicas that hand out nothing because a ledger is missing, replaced or fallen back. Must be 0.',
          'short',
          value(counter.regressed, 'sum'),
        ),
      ],
    },
    {
      title: 'Numbers',
      panels: [
        lines('Handed out', 'Numbers handed out to clients per second, by counter.', 'ops', [
          {
            query: rate(counter.numbers, { by: ['namespace', 'name', 'counter'] }),
            legend: '{{namespace}}/{{name}} {{counter}}',
          },
        ]),
        lines('High-water mark', 'First number that nobody reserved. It never falls.', 'short', [
          {
            query: value(counter.highWater, 'max', { by: ['namespace', 'name', 'counter'] }),
            legend: '{{namespace}}/{{name}} {{counter}}',
          },
        ]),
        lines('In hand', 'Reserved numbers that are not handed out yet, by pod.', 'short', [
          { query: value(counter.inHand, 'sum', { by: ['pod', 'counter'] }), legend: '{{pod}} {{counter}}' },
        ]),
        lines(
          'Waiting requests',
          'Requests that wait for numbers. A lasting queue means the ledger is too slow.',
          'short',
          [{ query: value(counter.waiting, 'sum', { by: ['pod'] }), legend: '{{pod}}' }],
        ),
        lines('Forwarded requests', 'Requests that another replica served, per second.', 'ops', [
          { query: orZero(rate(counter.forwarded)), legend: 'forwarded' },
        ]),
      ],
    },
    {
      title: 'Lease and ledger',
      panels: [
        lines('Lease', 'Time until the holder must stop unless it renews.', 's', [
          {
            query: value(counter.leaseSeconds, 'max', { by: ['namespace', 'name'] }),
            legend: '{{namespace}}/{{name}}',
          },
        ]),
        lines('Epoch', 'How many times the ledger was taken over. Each step is a change of the holder.', 'short', [
          { query: value(counter.epoch, 'max', { by: ['namespace', 'name'] }), legend: '{{namespace}}/{{name}}' },
        ]),
        lines('Holder', 'The pod that holds the lease.', 'short', [
          { query: value(counter.holds, 'max', { by: ['pod'] }), legend: '{{pod}}' },
        ]),
        lines('Ledger calls', 'Calls to the ledger per second, by operation and outcome.', 'ops', [
          {
            query: observations(counter.storeSeconds, { by: ['operation', 'outcome'] }),
            legend: '{{operation}} {{outcome}}',
          },
        ]),
        lines('Duration of ledger calls', '99 % of the calls are faster.', 's', [
          { query: quantile(0.99, counter.storeSeconds, { by: ['operation'] }), legend: '{{operation}}' },
        ]),
      ],
    },
    serviceRow('SequenceCounter'),
    processRow(appOf.SequenceCounter),
  ],
};

import { orderBookMetrics } from '../../../workloads/order-book/metrics.ts';
import { type DashboardDefinition, lines, number } from './dashboard.ts';
import { appOf, healthPanels, processRow, resourceVariables, serviceRow } from './parts.ts';
import { quantile, rate, value } from './promql.ts';

const book = orderBookMetrics;

export const orderBookDashboard: DashboardDefinition = {
  uid: 'sluice-order-book',
  title: 'Sluice / OrderBook',
  description: 'Orders, trades, and the journal that holds every command before it is acknowledged.',
  ...resourceVariables('OrderBook'),
  rows: [
    {
      title: 'State',
      panels: [
        ...healthPanels('OrderBook'),
        number(
          'Journals up',
          '1 when every journal accepts commands, 0 when one has stopped for good.',
          'short',
          value(book.journalUp, 'min'),
        ),
        number('Open orders', 'Orders that rest in the books.', 'short', value(book.openOrders, 'sum')),
      ],
    },
    {
      title: 'Trading',
      panels: [
        lines('Commands', 'Commands answered per second, by kind and result.', 'ops', [
          { query: rate(book.commands, { by: ['kind', 'result'] }), legend: '{{kind}} {{result}}' },
        ]),
        lines('Trades', 'Trades per second, by symbol.', 'ops', [
          {
            query: rate(book.trades, { by: ['namespace', 'name', 'symbol'] }),
            legend: '{{namespace}}/{{name}} {{symbol}}',
          },
        ]),
        lines('Open orders', 'Orders that rest in the book, by symbol.', 'short', [
          {
            query: value(book.openOrders, 'sum', { by: ['namespace', 'name', 'symbol'] }),
            legend: '{{namespace}}/{{name}} {{symbol}}',
          },
        ]),
        lines('Rate limited', 'Requests per second refused because their account sent too many.', 'ops', [
          { query: rate(book.rateLimited, { by: ['namespace', 'name'] }), legend: '{{namespace}}/{{name}}' },
        ]),
      ],
    },
    {
      title: 'Journal',
      panels: [
        lines(
          'Time to acknowledge',
          'From the arrival of a valid command to its durable answer: half and 99 % are faster.',
          's',
          [
            {
              query: quantile(0.5, book.acknowledgeSeconds, { by: ['namespace', 'name'] }),
              legend: '{{namespace}}/{{name}} half',
            },
            {
              query: quantile(0.99, book.acknowledgeSeconds, { by: ['namespace', 'name'] }),
              legend: '{{namespace}}/{{name}} 99 %',
            },
          ],
        ),
        lines(
          'Commands per commit',
          'How many commands share one write to the disk: half and 99 % of the commits have fewer.',
          'short',
          [
            {
              query: quantile(0.5, book.commitCommands, { by: ['namespace', 'name'] }),
              legend: '{{namespace}}/{{name}} half',
            },
            {
              query: quantile(0.99, book.commitCommands, { by: ['namespace', 'name'] }),
              legend: '{{namespace}}/{{name}} 99 %',
            },
          ],
        ),
        lines('Waiting for the disk', 'Commands that are not durable yet.', 'short', [
          { query: value(book.pending, 'sum', { by: ['namespace', 'name'] }), legend: '{{namespace}}/{{name}}' },
        ]),
        lines('Written', 'Bytes of commands forced to disk per second.', 'Bps', [
          { query: rate(book.journalBytes, { by: ['namespace', 'name'] }), legend: '{{namespace}}/{{name}}' },
        ]),
        lines('Sequence', 'Number of the last durable command. It never falls.', 'short', [
          { query: value(book.sequence, 'max', { by: ['namespace', 'name'] }), legend: '{{namespace}}/{{name}}' },
        ]),
        lines('Epoch', 'Each step is a start that writes.', 'short', [
          { query: value(book.epoch, 'max', { by: ['namespace', 'name'] }), legend: '{{namespace}}/{{name}}' },
        ]),
      ],
    },
    serviceRow('OrderBook'),
    processRow(appOf.OrderBook),
  ],
};

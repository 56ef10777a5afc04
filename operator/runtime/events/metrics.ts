import { defineMetrics } from '../telemetry/metrics.ts';

export const eventMetrics = defineMetrics({
  events: {
    type: 'counter',
    name: 'event_recorder_events_total',
    help: 'Events by what became of them: created, aggregated into an earlier one, dropped by a limit, failed to be written.',
    labels: ['result'],
  },
  known: {
    type: 'gauge',
    name: 'event_recorder_known_events',
    help: 'Events that are remembered: not written yet, or still counted into. At the limit, new ones are dropped.',
    labels: [],
  },
  limit: {
    type: 'gauge',
    name: 'event_recorder_known_events_limit',
    help: 'Events that can be remembered at the same time.',
    labels: [],
  },
});

import { defineMetrics } from '../telemetry/metrics.ts';

export const eventMetrics = defineMetrics({
  events: {
    type: 'counter',
    name: 'event_recorder_events_total',
    help: 'Events by what became of them: created, aggregated into an earlier one, dropped by a limit, failed to be written.',
    labels: ['result'],
  },
});

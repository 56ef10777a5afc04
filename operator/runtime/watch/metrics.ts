import { defineMetrics } from '../telemetry/metrics.ts';

const labels = ['resource', 'mode'] as const;

/** What the watches do. `resource` is `<plural>.<group>`, `mode` is full or metadata. */
export const reflectorMetrics = defineMetrics({
  lists: {
    type: 'counter',
    name: 'reflector_lists_total',
    help: 'Times a whole collection was read, by what made it necessary; a healthy watch stays at one, reason start.',
    labels: ['resource', 'mode', 'reason'],
  },
  watches: {
    type: 'counter',
    name: 'reflector_watches_total',
    help: 'Watches opened; a healthy one is opened anew every five minutes.',
    labels,
  },
  failures: {
    type: 'counter',
    name: 'reflector_failures_total',
    help: 'Lists and watches that failed and were tried again after a back-off.',
    labels,
  },
  events: {
    type: 'counter',
    name: 'reflector_events_total',
    help: 'Changes received through watches, bookmarks left out.',
    labels,
  },
  objects: {
    type: 'gauge',
    name: 'reflector_objects',
    help: 'Objects in the cache.',
    labels,
  },
  bytes: {
    type: 'gauge',
    name: 'reflector_objects_bytes',
    help: 'Approximate size of the objects in the cache as JSON, from a sample; on the heap it is about one and a half times as much.',
    labels,
  },
});

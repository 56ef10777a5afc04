import { defineMetrics } from '../telemetry/metrics.ts';

/** The name and label of client-go, so that dashboards and alerts for Go operators work unchanged. */
export const electionMetrics = defineMetrics({
  master: {
    type: 'gauge',
    name: 'leader_election_master_status',
    help: 'Whether this process leads: 1 yes, 0 no. name is the name of the Lease.',
    labels: ['name'],
  },
  refusedWrites: {
    type: 'counter',
    name: 'leader_election_refused_writes_total',
    help: 'Writes that were not sent since the term of leadership they belong to was over. name is the name of the Lease.',
    labels: ['name'],
  },
});

import { ClusterError } from './errors.ts';

/**
 * Brings the cluster up, or mends it; does nothing when it is up and well. `report` gets one line per step.
 * Rejects with a ClusterError whose message says in a sentence what is missing.
 */
export async function up(report: (line: string) => void): Promise<void> {
  report('');
  throw new ClusterError('SLUICE_NOT_SUPPORTED', 'the cluster cannot be made yet');
}

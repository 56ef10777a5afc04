/** Why the cluster cannot be had. The message is one sentence for the person at the keyboard. */
export type ClusterErrorCode =
  | 'SLUICE_TOOL_MISSING'
  | 'SLUICE_NOT_PERMITTED'
  | 'SLUICE_DISK_FULL'
  | 'SLUICE_PORT_TAKEN'
  | 'SLUICE_NOT_SUPPORTED'
  | 'SLUICE_CLUSTER_BUSY'
  | 'SLUICE_CLUSTER_DOWN'
  | 'SLUICE_COMMAND_FAILED'
  | 'SLUICE_CLUSTER_BROKEN';

export class ClusterError extends Error {
  override readonly name = 'ClusterError';
  readonly code: ClusterErrorCode;

  constructor(code: ClusterErrorCode, sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.code = code;
  }
}

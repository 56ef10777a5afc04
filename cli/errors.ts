/** Something the user can mend: shown as one sentence, exit status 1. */
export class DeployError extends Error {
  override readonly name = 'DeployError';
}

import { createCampaign } from '../../operator/controllers/testing/campaign.ts';

/** Plays one seed twice and shows all that happened. The exit code: 0 when it converged. */
export async function replay(seed: number): Promise<number> {
  const { scenario, failures, trace, digest } = await createCampaign()(seed);
  const again = await createCampaign()(seed);
  process.stdout.write(`${trace.join('\n')}\n\nSEED=${seed} ${scenario}, digest ${digest.slice(0, 16)}\n`);
  if (again.digest !== digest) {
    process.stdout.write(`played again it was another run: digest ${again.digest.slice(0, 16)}\n`);
    return 1;
  }
  for (const failure of failures) process.stdout.write(`FAILED: ${failure}\n`);
  if (failures.length === 0) process.stdout.write('converged, twice by the same way\n');
  return failures.length === 0 ? 0 : 1;
}

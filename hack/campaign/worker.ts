/** Plays the seeds that its parent sends, and sends back a verdict for each. */
import { createCampaign } from '../../operator/controllers/testing/campaign.ts';

const play = createCampaign();

process.on('message', (seeds) => {
  void (async () => {
    // The trace of a run is long; whoever wants it plays the seed again.
    for (const seed of seeds as number[]) process.send?.({ ...(await play(seed)), trace: [] });
  })();
});

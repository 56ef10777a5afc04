import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, inject, test } from 'vitest';
import { connectKubeconfig } from '../../kube/index.ts';
import { suite } from './suite.ts';
import { type Bed, createWorld, installWidgets } from './world.ts';

let bed: Bed;

beforeAll(async () => {
  bed = {
    cluster: await connectKubeconfig({ path: inject('kubeconfig') }, { userAgent: 'conformance/1.0' }),
    pass: () => sleep(20),
    compact: () => compactEtcd(inject('etcd')),
  };
  await installWidgets(bed);
});

afterAll(() => bed.cluster.close());

for (const [topic, cases] of suite) {
  describe(topic, () => {
    for (const { name, run } of cases) {
      test(name, async () => run(await createWorld(bed, `case-${randomUUID().slice(0, 8)}`)));
    }
  });
}

/** Forgets the history of etcd over its JSON gateway; the API server would do so after five to ten minutes. */
async function compactEtcd(etcd: string): Promise<void> {
  const call = async (path: string, body: object): Promise<unknown> => {
    const answer = await fetch(`${etcd}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`etcd: ${await answer.text()}`);
    return answer.json();
  };
  const { header } = (await call('range', { key: 'AA==' })) as { header: { revision: string } };
  await call('compaction', { revision: header.revision });
}

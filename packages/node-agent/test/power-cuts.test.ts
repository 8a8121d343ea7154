/** Power cuts at any moment of Pods' lives, again and again (seeded): what is wanted runs, what was deleted goes. */

import type { Pod } from '@regatta/api';
import { resources } from '@regatta/client';
import { seededRandom } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { TestNode } from './support/test-node.ts';

const SEED = Number(process.env['REGATTA_SEED'] ?? 20_261_121);
const ROUNDS = Number(process.env['REGATTA_ROUNDS'] ?? 25);

async function boot(before: TestNode, seed: number): Promise<TestNode> {
  before.cutPower();
  await before.real.advance(500);
  const { real, transport, disk } = before;
  return new TestNode({ real, transport, disk, seed, podCidr: undefined }).start();
}

async function markDeleted(node: TestNode, name: string): Promise<void> {
  const pod = await node.pod(name);
  if (!pod || pod.metadata.deletionTimestamp) return;
  const metadata = {
    ...pod.metadata,
    deletionTimestamp: '2026-01-01T01:00:00Z',
    deletionGracePeriodSeconds: 30,
    finalizers: ['test/kubelet'],
  };
  node.transport.store.put('/pods', `default/${name}`, { ...pod, metadata });
}

/** As the apiserver: a delete without grace lets it go. */
function letGo(node: TestNode, from: number): void {
  for (const { method, url } of node.transport.requests.slice(from)) {
    const name = /\/pods\/([^/?]+)$/.exec(url.split('?')[0] ?? '')?.[1];
    if (method !== 'DELETE' || name === undefined) continue;
    const pod = node.transport.store.get('/pods', `default/${name}`);
    if (pod?.metadata.deletionTimestamp) node.transport.store.remove('/pods', `default/${name}`, pod);
  }
}

describe('power cuts', () => {
  it('CYC-12: at any moment, leave no Pod behind that was deleted and none that does not run', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const what = `seed ${SEED + round}`;
      const random = seededRandom(SEED + round);
      let node = await new TestNode().start();
      const kept = new Set<string>();
      let next = 0;
      for (let step = 0; step < 12; step++) {
        const before = node.transport.requests.length;
        if (random.next() < 0.6) {
          const name = `p${next++}`;
          kept.add(name);
          await node.createPod({ metadata: { name }, spec: { containers: [{ name: 'c', image: 'nginx' }] } } as Pod);
        }
        if (random.next() < 0.4) {
          const [victim] = [...kept];
          if (victim) {
            kept.delete(victim);
            await markDeleted(node, victim);
          }
        }
        await node.real.advance(Math.floor(random.next() * 4_000));
        letGo(node, before);
        if (random.next() < 0.5) node = await boot(node, SEED + round * 100 + step);
      }
      const isAsWanted = async (): Promise<boolean> => {
        letGo(node, 0);
        const { items } = await node.client.resource(resources.pods).list({ namespace: 'default' });
        return (
          items.length === kept.size &&
          items.every(
            ({ metadata, status }) =>
              kept.has(metadata.name) && status?.phase === 'Running' && status.containerStatuses?.[0]?.ready,
          )
        );
      };
      await node.until(isAsWanted, what, 500);
      const ips = new Set<string>();
      for (const name of kept) ips.add((await node.pod(name))?.status?.podIP ?? '');
      expect(ips.size, what).toBe(kept.size);
      node.cutPower();
    }
  });
});

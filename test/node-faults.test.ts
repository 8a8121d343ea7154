/** A machine that was frozen or cut off goes on from where it was, and puts right what the API says of it. */
import { type ApiClient, resources } from '@regatta/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, TestCluster } from './support/cluster.ts';
import { FaultStorm } from './support/fault-storm.ts';

const SPEED = 60;
/** Real milliseconds: the longest that calls and watches of a machine that is back may still wait, and slack. */
const STEP = 60_000;

describe('node faults', () => {
  let cluster: TestCluster;
  let client: ApiClient;
  let close: () => void;
  beforeAll(async () => {
    cluster = await TestCluster.start({ speed: SPEED });
    ({ client, close } = cluster.client());
    await client.resource(resources.statefulSets).create(statefulSet(), { namespace: 'default' });
    await cluster.apply('10-deployment.yaml');
    await eventually('all run', async () => {
      const all = await pods();
      return all.length === 6 && all.every(isReady);
    });
  });
  afterAll(async () => {
    close();
    await cluster.dispose();
  });

  const pods = async () => (await client.resource(resources.pods).list({ namespace: 'default' })).items;
  const podsOn = async (node: string) => (await pods()).filter(({ spec }) => spec.nodeName === node);
  type Pod = Awaited<ReturnType<typeof pods>>[number];

  const isReady = ({ status, metadata }: Pod): boolean =>
    status?.phase === 'Running' &&
    metadata.deletionTimestamp === undefined &&
    status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
  /** What must be the same before and after: who runs, in which containers, how often started. */
  const facts = ({ metadata, status }: Pod) => ({
    uid: metadata.uid,
    containers: status?.containerStatuses?.map(({ containerID, restartCount }) => [containerID, restartCount]),
  });
  const nodeIs = async (name: string, status: string): Promise<boolean> =>
    (await client.resource(resources.nodes).get(name)).status?.conditions?.find(({ type }) => type === 'Ready')
      ?.status === status;

  it('FLT-38: frozen for less than the tolerations: Unknown, then the same containers as before', async () => {
    const node = (await pods()).find(({ metadata }) => metadata.name === 'db-1')?.spec.nodeName ?? '';
    const before = (await podsOn(node)).map(facts);
    await cluster.regatta('node', 'freeze', node, '--for', '3s');
    await eventually(
      'Unknown',
      async () => (await podsOn(node)).every(({ status }) => status?.phase === 'Unknown'),
      STEP,
    );
    expect(await nodeIs(node, 'Unknown')).toBe(true);
    await eventually('back', async () => (await nodeIs(node, 'True')) && (await podsOn(node)).every(isReady), STEP);
    expect((await podsOn(node)).map(facts)).toEqual(before);
  });

  it('FLT-38: cut off for longer: replaced elsewhere, an ordinal never runs twice, and the old Pods end', async () => {
    const first = (await pods()).find(({ metadata }) => metadata.name === 'db-1');
    const node = first?.spec.nodeName ?? '';
    const old = new Set((await podsOn(node)).map(({ metadata }) => metadata.uid));
    await cluster.regatta('node', 'partition', node, '--for', '5m');
    await eventually(
      'eviction',
      async () => (await podsOn(node)).every((p) => p.metadata.deletionTimestamp !== undefined),
      STEP,
    );
    await eventually(
      'replacement',
      async () => (await pods()).filter((p) => isReady(p) && !p.metadata.name.startsWith('db-')).length === 3,
      STEP,
    );
    // Nobody knows whether its container still runs, and it does.
    const db1 = (await pods()).find(({ metadata }) => metadata.name === 'db-1');
    expect(db1?.metadata).toMatchObject({ uid: first?.metadata.uid, deletionTimestamp: expect.any(String) });
    await cluster.regatta('node', 'heal', node);
    await eventually(
      'back',
      async () => {
        const all = await pods();
        const isWhole = all.length === 6 && all.every((pod) => isReady(pod) && !old.has(pod.metadata.uid));
        return isWhole && (await nodeIs(node, 'True'));
      },
      STEP,
    );
  });

  it('FLT-39: after a storm of faults everything is as it should be (seed 4)', async () => {
    await client.resource(resources.statefulSets).delete('db', { namespace: 'default' });
    await client.resource(resources.deployments).delete('nginx-deployment', { namespace: 'default' });
    await eventually('nothing is left', async () => (await pods()).length === 0, STEP);
    const storm = new FaultStorm(cluster, 4);
    try {
      await storm.prepare();
      await storm.round(2000);
    } finally {
      storm.close();
    }
  });
});

function statefulSet() {
  const labels = { app: 'db' };
  const spec = { terminationGracePeriodSeconds: 10, containers: [{ name: 'db', image: 'nginx' }] };
  return {
    metadata: { name: 'db', namespace: 'default' },
    spec: {
      serviceName: 'db',
      replicas: 3,
      selector: { matchLabels: labels },
      template: { metadata: { name: '', labels }, spec },
    },
  };
}

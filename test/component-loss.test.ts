/** What goes on, and what doesn't, while a part of the control plane is dead (docs/what-breaks.md tells the same). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, TestCluster } from './support/cluster.ts';

describe('component loss', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start({ speed: 10 });
    await cluster.apply('09-replicaset.yaml');
    await cluster.kubectl('wait', '--for=jsonpath={.status.readyReplicas}=3', 'rs/nginx-set', '--timeout=60s');
  });
  afterAll(() => cluster.dispose());

  const ready = async (): Promise<string> =>
    cluster.kubectl('get', 'rs', 'nginx-set', '-o', 'jsonpath={.status.readyReplicas}');
  const restarts = (): Promise<string> =>
    cluster.kubectl(
      'get',
      'pods',
      '-l',
      'app=nginx',
      '-o',
      'jsonpath={.items[*].status.containerStatuses[0].restartCount}',
    );
  const allNodesReady = async (): Promise<boolean> =>
    !(await cluster.kubectl('get', 'nodes', '--no-headers')).includes('NotReady');

  it('E2E-30: without a scheduler Pods run on, new ones wait, and are bound when it is back', async () => {
    await cluster.regatta('component', 'kill', 'scheduler');
    await cluster.kubectl('scale', 'rs/nginx-set', '--replicas=4');
    await eventually('a fourth Pod without a node', async () =>
      (
        await cluster.kubectl('get', 'pods', '-l', 'app=nginx', '--field-selector', 'spec.nodeName=', '--no-headers')
      ).includes('Pending'),
    );
    expect(await ready()).toBe('3');
    await cluster.regatta('component', 'start', 'scheduler');
    await eventually('it is bound and Ready', async () => (await ready()) === '4');
  });

  it('E2E-31: without a controller-manager nothing is replaced, until it is back', async () => {
    await cluster.regatta('component', 'kill', 'controller-manager');
    const [victim = ''] = (
      await cluster.kubectl('get', 'pods', '-l', 'app=nginx', '-o', 'jsonpath={.items[*].metadata.name}')
    ).split(' ');
    await cluster.kubectl('delete', 'pod', victim);
    expect(
      (await cluster.kubectl('get', 'pods', '-l', 'app=nginx', '-o', 'jsonpath={.items[*].metadata.name}')).split(' '),
    ).toHaveLength(3);
    await cluster.regatta('component', 'start', 'controller-manager');
    // What the ReplicaSet says of itself is from before the kill until the controller has seen the Pods.
    await eventually('a replacement is Ready', async () => (await restarts()) === '0 0 0 0' && (await ready()) === '4');
  });

  it('E2E-32: without an apiserver containers run on; afterwards nothing was lost and no node was given up', async () => {
    const before = await restarts();
    await cluster.regatta('component', 'kill', 'apiserver');
    const refused = await cluster.tryKubectl('get', 'pods');
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('refused');
    // Longer than the grace period of 50 s at speed 10: the monitor must not count the time in which nobody could report.
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    await cluster.regatta('component', 'start', 'apiserver');
    await eventually('all nodes are Ready', async () => await allNodesReady());
    expect(await restarts()).toBe(before);
    await cluster.kubectl('scale', 'rs/nginx-set', '--replicas=5');
    await eventually('work goes on', async () => (await ready()) === '5');
  });

  it('E2E-33: without a broker the API answers and keeps writes; when it is back everything catches up', async () => {
    const before = await restarts();
    await cluster.regatta('component', 'kill', 'broker');
    await cluster.kubectl('scale', 'rs/nginx-set', '--replicas=6');
    expect(await cluster.kubectl('get', 'rs', 'nginx-set', '-o', 'jsonpath={.spec.replicas}')).toBe('6');
    await cluster.regatta('component', 'start', 'broker');
    await eventually(
      'all nodes are Ready and six Pods run',
      async () => (await ready()) === '6' && (await allNodesReady()),
      60_000,
    );
    expect(await restarts()).toContain(before);
  });
});

/**
 * What the fault tests look at: Pods by node, what makes a container the same one, and requests from Pod to Pod.
 */
import type { Pod } from '@regatta/api';
import { eventually, type TestCluster } from './cluster.ts';

export async function podsOf(cluster: TestCluster, selector: string): Promise<Pod[]> {
  const list = JSON.parse(await cluster.kubectl('get', 'pods', '-l', selector, '-o', 'json')) as { items: Pod[] };
  return list.items;
}

/** What stays as long as nothing was started again. */
export function identityOf(pod: Pod): object {
  const [container] = pod.status?.containerStatuses ?? [];
  return {
    name: pod.metadata.name,
    uid: pod.metadata.uid,
    ip: pod.status?.podIP,
    container: container?.containerID,
    started: container?.state?.running?.startedAt,
    restarts: container?.restartCount,
  };
}

/** What kubectl shows as STATUS. */
export async function statusOf(cluster: TestCluster, pod: string): Promise<string> {
  return (await cluster.kubectl('get', 'pod', pod, '--no-headers')).split(/\s+/)[2] ?? '';
}

export async function allServe(cluster: TestCluster, selector: string, count: number): Promise<boolean> {
  const pods = await podsOf(cluster, selector);
  const serving = pods.filter(
    ({ metadata, status }) =>
      !metadata.deletionTimestamp &&
      status?.phase === 'Running' &&
      status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
  );
  return pods.length === count && serving.length === count;
}

/** Everything of test/fixtures/faults/workload.yaml serves. */
export async function workloadRuns(cluster: TestCluster): Promise<boolean> {
  const counts = [
    ['app=web', 3],
    ['app=db', 3],
    ['app=page', 1],
    ['app=probe', 1],
  ] as const;
  const served = await Promise.all(counts.map(([selector, count]) => allServe(cluster, selector, count)));
  return served.every(Boolean);
}

export function nodeStatus(cluster: TestCluster, node: string, wanted: 'Ready' | 'NotReady'): Promise<unknown> {
  return eventually(`${node} is ${wanted}`, async () => {
    const [, status] = (await cluster.kubectl('get', 'node', node, '--no-headers')).split(/\s+/);
    return status === wanted;
  });
}

/** One request from a Pod; whether it was answered. */
export async function fetches(cluster: TestCluster, pod: string, url: string): Promise<boolean> {
  const { code, stdout } = await cluster.tryKubectl('exec', pod, '--', 'wget', '-q', '-T', '2', '-O', '-', url);
  return code === 0 && stdout.includes('nginx');
}

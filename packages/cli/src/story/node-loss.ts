/**
 * The conditions that a lost and returning node goes through (DESIGN 6; docs/decisions/0071).
 */
import type { Node, Pod } from '@regatta/api';
import type { ClusterState, Milestone } from './milestones.ts';

const UNREACHABLE = 'node.kubernetes.io/unreachable';

/** What happens after `node` is gone, in order, to the Pods with these uids; `replicas` are wanted in all. */
export function afterLoss(node: string, victims: ReadonlySet<string>, replicas: number): readonly Milestone[] {
  const lost = (state: ClusterState): Node | undefined => state.nodes.find(({ metadata }) => metadata.name === node);
  const all = (state: ClusterState, holds: (pod: Pod) => boolean): boolean => {
    const found = state.pods.filter(({ metadata }) => victims.has(metadata.uid ?? ''));
    return found.length === victims.size && found.every(holds);
  };
  return [
    {
      name: 'Node Ready=Unknown',
      reached: (state) => condition(lost(state)?.status?.conditions, 'Ready') === 'Unknown',
    },
    { name: 'taint unreachable:NoSchedule', reached: (state) => isTainted(lost(state), 'NoSchedule') },
    {
      name: 'its Pods: Ready=False',
      reached: (state) => all(state, (pod) => condition(pod.status?.conditions, 'Ready') === 'False'),
    },
    { name: 'its Pods: phase Unknown', reached: (state) => all(state, (pod) => pod.status?.phase === 'Unknown') },
    { name: 'taint unreachable:NoExecute', reached: (state) => isTainted(lost(state), 'NoExecute') },
    {
      name: 'its Pods evicted: NodeLost',
      reached: (state) =>
        all(
          state,
          (pod) =>
            pod.metadata.deletionTimestamp !== undefined &&
            pod.status?.reason === 'NodeLost' &&
            condition(pod.status.conditions, 'DisruptionTarget') === 'True',
        ),
    },
    {
      name: 'replacements Ready elsewhere',
      reached: (state) => state.pods.filter((pod) => isServing(pod) && pod.spec.nodeName !== node).length >= replicas,
    },
  ];
}

/** What happens after the node was switched on again. */
export function afterReturn(node: string, victims: ReadonlySet<string>): readonly Milestone[] {
  const back = (state: ClusterState): Node | undefined => state.nodes.find(({ metadata }) => metadata.name === node);
  return [
    { name: 'Node Ready=True', reached: (state) => condition(back(state)?.status?.conditions, 'Ready') === 'True' },
    {
      name: 'taints gone',
      reached: (state) => !isTainted(back(state), 'NoSchedule') && !isTainted(back(state), 'NoExecute'),
    },
    {
      name: 'stale Pods gone',
      reached: (state) => !state.pods.some(({ metadata }) => victims.has(metadata.uid ?? '')),
    },
  ];
}

export function isServing(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp === undefined && condition(pod.status?.conditions, 'Ready') === 'True';
}

/** The node that runs most of these Pods. */
export function busiestNode(pods: readonly Pod[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { spec } of pods) if (spec.nodeName) counts.set(spec.nodeName, (counts.get(spec.nodeName) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

function condition(
  conditions: readonly { type: string; status: string }[] | undefined,
  type: string,
): string | undefined {
  return conditions?.find((one) => one.type === type)?.status;
}

function isTainted(node: Node | undefined, effect: string): boolean {
  return node?.spec.taints?.some((taint) => taint.key === UNREACHABLE && taint.effect === effect) ?? false;
}

/**
 * Readings of a Node (pkg/controller/util/node, k8s.io/component-helpers/node).
 */
import type { Node, NodeCondition } from '@regatta/api';

export function nodeCondition(node: Node, type: string): NodeCondition | undefined {
  return node.status?.conditions?.find((condition) => condition.type === type);
}

export function isNodeReady(node: Node): boolean {
  return nodeCondition(node, 'Ready')?.status === 'True';
}

/** Nobody hears from its kubelet. */
export function isUnreachable(node: Node): boolean {
  return nodeCondition(node, 'Ready')?.status === 'Unknown';
}

/** What nodes of one failure zone share; empty for nodes without region and zone (node/topology, GetZoneKey). */
export function zoneOf({ metadata: { labels = {} } }: Node): string {
  const region = labels['topology.kubernetes.io/region'] ?? labels['failure-domain.beta.kubernetes.io/region'] ?? '';
  const zone = labels['topology.kubernetes.io/zone'] ?? labels['failure-domain.beta.kubernetes.io/zone'] ?? '';
  return region === '' && zone === '' ? '' : `${region}:\u0000:${zone}`;
}

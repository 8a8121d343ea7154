/**
 * The order in which nodes are looked at: zone by zone in turn, so that the first so many nodes are spread over zones
 * (upstream: pkg/scheduler/backend/cache/node_tree.go).
 */
import type { NodeInfo } from './node-info.ts';

const REGION = 'topology.kubernetes.io/region';
const ZONE = 'topology.kubernetes.io/zone';

export function zoneOf(node: NodeInfo): string {
  return `${node.labels[REGION] ?? ''}:${node.labels[ZONE] ?? ''}`;
}

export function orderByZones(nodes: Iterable<NodeInfo>): NodeInfo[] {
  const zones = new Map<string, NodeInfo[]>();
  for (const node of nodes) {
    const zone = zoneOf(node);
    const members = zones.get(zone);
    if (members) members.push(node);
    else zones.set(zone, [node]);
  }
  const ordered: NodeInfo[] = [];
  const longest = Math.max(0, ...[...zones.values()].map((members) => members.length));
  for (let i = 0; i < longest; i++) {
    for (const members of zones.values()) {
      const node = members[i];
      if (node) ordered.push(node);
    }
  }
  return ordered;
}

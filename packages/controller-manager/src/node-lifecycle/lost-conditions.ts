/**
 * The conditions of a node that nobody hears from (node_lifecycle_controller.go, tryUpdateNodeHealth). Pure.
 */
import type { Node, NodeCondition } from '@regatta/api';

/** NetworkUnavailable is not among them: the control plane keeps it, not the kubelet. */
const KUBELET_CONDITIONS = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

/** The node with all of them Unknown; undefined when they are. @param now as the API writes it */
export function withLostConditions(node: Node, now: string): Node | undefined {
  const conditions = [...(node.status?.conditions ?? [])];
  let changed = false;
  for (const type of KUBELET_CONDITIONS) {
    const index = conditions.findIndex((condition) => condition.type === type);
    const current = conditions[index];
    if (current?.status === 'Unknown') continue;
    changed = true;
    if (current) conditions[index] = stopped(current, now);
    else conditions.push(neverPosted(type, node, now));
  }
  return changed ? { ...node, status: { ...node.status, conditions } } : undefined;
}

function stopped(condition: NodeCondition, now: string): NodeCondition {
  return {
    ...condition,
    status: 'Unknown',
    reason: 'NodeStatusUnknown',
    message: 'Kubelet stopped posting node status.',
    lastTransitionTime: now,
  };
}

function neverPosted(type: string, { metadata }: Node, now: string): NodeCondition {
  return {
    type,
    status: 'Unknown',
    reason: 'NodeStatusNeverUpdated',
    message: 'Kubelet never posted node status.',
    lastHeartbeatTime: metadata.creationTimestamp,
    lastTransitionTime: now,
  };
}

/** The priority classes that every cluster has (upstream: pkg/apis/scheduling/v1/helpers.go). */
import type { PriorityClass } from '@regatta/api';

/** Values above this are the system's. */
export const HIGHEST_USER_PRIORITY = 1_000_000_000;

function systemClass(name: string, value: number, description: string): PriorityClass {
  return {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name, generation: 1 },
    value,
    description,
    preemptionPolicy: 'PreemptLowerPriority',
  };
}

export const SYSTEM_PRIORITY_CLASSES: readonly PriorityClass[] = [
  systemClass(
    'system-node-critical',
    2 * HIGHEST_USER_PRIORITY + 1000,
    'Used for system critical pods that must not be moved from their current node.',
  ),
  systemClass(
    'system-cluster-critical',
    2 * HIGHEST_USER_PRIORITY,
    'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  ),
];

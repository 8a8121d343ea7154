/**
 * Who goes first when a machine runs out of memory (upstream: pkg/kubelet/qos/policy.go).
 */
import { type Container, numericValue, type Pod } from '@regatta/api';
import { isRestartableInit } from '../pods/pod-names.ts';

const GUARANTEED = -997;
const BEST_EFFORT = 1000;
/** Priorities from here on are of Pods that a node can't be without. */
const NODE_CRITICAL = 2_000_001_000;

/** /proc/PID/oom_score_adj of a container's processes. @param capacity the machine's memory, bytes */
export function oomScoreAdjust(pod: Pod, container: Container, capacity: number): number {
  const { qosClass = 'BestEffort' } = pod.status ?? {};
  if (qosClass === 'Guaranteed' || isCritical(pod)) return GUARANTEED;
  if (qosClass === 'BestEffort') return BEST_EFFORT;
  const own = scoreOf(container, capacity);
  const isSidecar = pod.spec.initContainers?.includes(container) === true && isRestartableInit(container);
  // A sidecar does not go before the containers that it is there for.
  const score = isSidecar ? Math.min(own, ...pod.spec.containers.map((main) => scoreOf(main, capacity))) : own;
  if (score < BEST_EFFORT + GUARANTEED) return BEST_EFFORT + GUARANTEED;
  return Math.min(score, BEST_EFFORT - 1);
}

/** Whether a node can't be without it. */
export function isCritical({ spec }: Pod): boolean {
  return (spec.priority ?? 0) >= NODE_CRITICAL;
}

function scoreOf({ resources }: Container, capacity: number): number {
  return BEST_EFFORT - Math.floor((1000 * numericValue(resources?.requests?.['memory'])) / capacity);
}

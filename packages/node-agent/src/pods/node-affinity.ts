/**
 * Required node affinity and nodeSelector (upstream: component-helpers/scheduling/corev1/nodeaffinity).
 */
import { matchesNodeSelectorTerm, type Node, type Pod } from '@regatta/api';

export function nodeAffinityMatches(pod: Pod, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  const selected = Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return (
    selected &&
    (required === undefined ||
      required.nodeSelectorTerms.some((term) => matchesNodeSelectorTerm(term, { name: node.metadata.name, labels })))
  );
}

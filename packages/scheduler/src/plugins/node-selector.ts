/**
 * Node selectors: nodeSelector and the terms of node affinity
 * (upstream: k8s.io/component-helpers/scheduling/corev1/nodeaffinity).
 */
import { matchesNodeSelectorTerm, type NodeSelectorTerm, type Pod } from '@regatta/api';
import type { NodeInfo } from '../cache/node-info.ts';

/** What a node must match: everything in `labels`, and one of the terms where there are any. */
export interface RequiredNodes {
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly terms: readonly NodeSelectorTerm[] | undefined;
}

export function requiredNodes({ spec }: Pod): RequiredNodes | undefined {
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (!spec.nodeSelector && !required) return undefined;
  return { labels: spec.nodeSelector, terms: required?.nodeSelectorTerms };
}

export function matchesRequired({ labels, terms }: RequiredNodes, node: NodeInfo): boolean {
  for (const key in labels) if (node.labels[key] !== labels[key]) return false;
  return terms === undefined || terms.some((term) => matchesNodeSelectorTerm(term, node));
}

/** The nodes that the terms name by metadata.name; undefined when some term leaves the name open. */
export function namedNodes(terms: readonly NodeSelectorTerm[]): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  for (const { matchFields } of terms) {
    const field = matchFields?.find(({ key, operator }) => key === 'metadata.name' && operator === 'In');
    if (!field) return undefined;
    for (const name of field.values ?? []) names.add(name);
  }
  return names;
}

/**
 * Node selectors: nodeSelector and the terms of node affinity
 * (upstream: k8s.io/component-helpers/scheduling/corev1/nodeaffinity).
 */
import type { NodeSelectorRequirement, NodeSelectorTerm, Pod } from '@regatta/api';
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
  return terms === undefined || terms.some((term) => matchesTerm(term, node));
}

/** A term without expressions matches nothing. */
export function matchesTerm({ matchExpressions, matchFields }: NodeSelectorTerm, node: NodeInfo): boolean {
  const expressions = matchExpressions ?? [];
  const fields = matchFields ?? [];
  if (expressions.length === 0 && fields.length === 0) return false;
  return (
    expressions.every((requirement) => matchesRequirement(requirement, node.labels[requirement.key])) &&
    fields.every((field) => matchesRequirement(field, field.key === 'metadata.name' ? node.name : undefined))
  );
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

function matchesRequirement({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return isInteger(value) && isInteger(values[0]) && BigInt(value) > BigInt(values[0]);
    case 'Lt':
      return isInteger(value) && isInteger(values[0]) && BigInt(value) < BigInt(values[0]);
    default:
      return false;
  }
}

function isInteger(text: string | undefined): text is string {
  return text !== undefined && /^[+-]?\d+$/.test(text);
}

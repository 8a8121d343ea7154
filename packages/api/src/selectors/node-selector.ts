/**
 * Terms of node affinity: the scheduler filters by them and the node checks them again, by the same rule
 * (upstream: k8s.io/component-helpers/scheduling/corev1/nodeaffinity).
 */
import type { NodeSelectorRequirement, NodeSelectorTerm } from '../generated/kinds.ts';

export interface SelectableNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Whether every expression and field of the term holds. A term without any matches nothing. */
export function matchesNodeSelectorTerm(
  { matchExpressions, matchFields }: NodeSelectorTerm,
  node: SelectableNode,
): boolean {
  const expressions = matchExpressions ?? [];
  const fields = matchFields ?? [];
  if (expressions.length === 0 && fields.length === 0) return false;
  const label = (key: string): string | undefined => (Object.hasOwn(node.labels, key) ? node.labels[key] : undefined);
  return (
    expressions.every((requirement) => matchesRequirement(requirement, label(requirement.key))) &&
    fields.every((field) => matchesRequirement(field, field.key === 'metadata.name' ? node.name : undefined))
  );
}

/** Gt and Lt compare integers of any size; what is no integer does not match. */
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

/**
 * Topology spread constraints as the plugin works with them (upstream: pkg/scheduler/framework/plugins/podtopologyspread,
 * common.go).
 */
import { type LabelSelector, labelSelectorFrom, type TopologySpreadConstraint } from '@regatta/api';
import type { PodSelector } from '../cache/matching-pods.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import { matchesRequired, requiredNodes } from './node-selector.ts';
import { hasUntoleratedTaint } from './tolerations.ts';

export const HOSTNAME = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';

export interface Constraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly selector: PodSelector;
  /** Only nodes that the Pod's node affinity matches count. */
  readonly honorAffinity: boolean;
  /** Only nodes whose taints the Pod tolerates count. */
  readonly honorTaints: boolean;
}

/** The Pod's own constraints of one kind. */
export function ownConstraints(pod: PodInfo, whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway'): Constraint[] {
  return (pod.pod.spec.topologySpreadConstraints ?? [])
    .filter((constraint) => constraint.whenUnsatisfiable === whenUnsatisfiable)
    .map((constraint) => constraintFrom(constraint, pod));
}

/** Upstream's system defaults: hosts with a skew of 3, zones with one of 5, as a preference. */
export function defaultConstraints(selector: PodSelector): Constraint[] {
  const rest = { minDomains: 1, selector, honorAffinity: true, honorTaints: false };
  return [
    { topologyKey: HOSTNAME, maxSkew: 3, ...rest },
    { topologyKey: ZONE, maxSkew: 5, ...rest },
  ];
}

/** Which nodes count for a constraint. Made once for a Pod: reading its affinity is not free. */
export function inclusion(pod: PodInfo): (constraint: Constraint, node: NodeInfo) => boolean {
  const required = requiredNodes(pod.pod);
  return ({ honorAffinity, honorTaints }, node) =>
    (!honorAffinity || !required || matchesRequired(required, node)) &&
    (!honorTaints || !hasUntoleratedTaint(node.taints, pod.pod.spec.tolerations));
}

export function hasAllTopologies(node: NodeInfo, constraints: readonly Constraint[]): boolean {
  return constraints.every(({ topologyKey }) => node.labels[topologyKey] !== undefined);
}

function constraintFrom(constraint: TopologySpreadConstraint, pod: PodInfo): Constraint {
  const selector = withMatchLabelKeys(constraint, pod);
  return {
    topologyKey: constraint.topologyKey,
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    selector: {
      namespace: pod.namespace,
      matcher: labelSelectorFrom(selector),
      key: JSON.stringify(selector ?? null),
    },
    honorAffinity: constraint.nodeAffinityPolicy !== 'Ignore',
    honorTaints: constraint.nodeTaintsPolicy === 'Honor',
  };
}

function withMatchLabelKeys(
  { labelSelector, matchLabelKeys }: TopologySpreadConstraint,
  pod: PodInfo,
): LabelSelector | undefined {
  const extra = (matchLabelKeys ?? []).flatMap((key) => {
    const value = pod.labels[key];
    return value === undefined ? [] : [{ key, operator: 'In', values: [value] }];
  });
  if (extra.length === 0) return labelSelector;
  return { ...labelSelector, matchExpressions: [...(labelSelector?.matchExpressions ?? []), ...extra] };
}

/**
 * Warnings about node labels that have got new names (upstream: pkg/api/node/util.go).
 */
import { isValidLabelValue, type NodeSelectorTerm, type PodSpec } from '@regatta/api';
import { eachItem } from '../../validation/lists.ts';
import type { Path } from '../../validation/path.ts';

/** By label: what is told of it. */
export const DEPRECATED: ReadonlyMap<string, string> = new Map([
  ['beta.kubernetes.io/arch', 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ['beta.kubernetes.io/os', 'deprecated since v1.14; use "kubernetes.io/os" instead'],
  ['failure-domain.beta.kubernetes.io/region', 'deprecated since v1.17; use "topology.kubernetes.io/region" instead'],
  ['failure-domain.beta.kubernetes.io/zone', 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'],
  ['beta.kubernetes.io/instance-type', 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'],
  ['node-role.kubernetes.io/master', 'use "node-role.kubernetes.io/control-plane" instead'],
]);

export function nodeSelectorWarnings(spec: PodSpec, path: Path): string[] {
  const warnings: string[] = [];
  for (const key of Object.keys(spec.nodeSelector ?? {}).sort()) {
    const message = DEPRECATED.get(key);
    if (message) warnings.push(`${path.child('nodeSelector').key(key)}: ${message}`);
  }
  const affinity = spec.affinity?.nodeAffinity;
  if (affinity) {
    const at = path.child('affinity').child('nodeAffinity');
    const required = 'requiredDuringSchedulingIgnoredDuringExecution';
    const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
    eachItem(affinity[required]?.nodeSelectorTerms, at.child(required).child('nodeSelectorTerms'), (term, termAt) =>
      termWarnings(warnings, termAt, term),
    );
    eachItem(affinity[preferred], at.child(preferred), ({ preference }, termAt) =>
      termWarnings(warnings, termAt.child('preference'), preference, true),
    );
  }
  return warnings;
}

/** @param checksValues of terms whose values aren't refused, whatever they are */
export function termWarnings(warnings: string[], path: Path, term: NodeSelectorTerm, checksValues = false): void {
  eachItem(term.matchExpressions, path.child('matchExpressions'), ({ key, values }, at) => {
    const message = DEPRECATED.get(key);
    if (message) warnings.push(`${at.child('key')}: ${key} is ${message}`);
    if (!checksValues) return;
    eachItem(values, at.child('values'), (value, valueAt) => {
      for (const problem of isValidLabelValue(value)) warnings.push(`${valueAt}: ${value} is invalid, ${problem}`);
    });
  });
}

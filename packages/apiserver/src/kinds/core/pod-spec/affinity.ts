/**
 * Affinity and node selectors (upstream: validateAffinity and its leaves of pkg/apis/core/validation/validation.go).
 */
import {
  type Affinity,
  isDNS1123Label,
  isDNS1123Subdomain,
  isValidLabelValue,
  type LabelSelector,
  type NodeSelector,
  type NodeSelectorRequirement,
  type NodeSelectorTerm,
  type PodAffinity,
  type PodAffinityTerm,
} from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';
import { eachItem, has, isEmptyList, type Maybe } from '../../validation/lists.ts';
import type { Path } from '../../validation/path.ts';
import { checkLabelSelector, checkQualifiedName } from '../../validation/rules.ts';

const WEIGHTS = 'must be in the range 1-100';
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

export function checkAffinity(errors: ErrorList, path: Path, affinity: Affinity): void {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity;
  if (nodeAffinity) {
    const at = path.child('nodeAffinity');
    if (nodeAffinity[REQUIRED]) checkNodeSelector(errors, at.child(REQUIRED), nodeAffinity[REQUIRED]);
    eachItem(nodeAffinity[PREFERRED], at.child(PREFERRED), ({ weight, preference }, term) => {
      checkWeight(errors, term, weight);
      checkNodeSelectorTerm(errors, term.child('preference'), preference, false);
    });
  }
  if (podAffinity) checkPodAffinity(errors, path.child('podAffinity'), podAffinity);
  if (podAntiAffinity) checkPodAffinity(errors, path.child('podAntiAffinity'), podAntiAffinity);
}

function checkWeight(errors: ErrorList, path: Path, weight: number): void {
  if (weight <= 0 || weight > 100) errors.invalid(path.child('weight'), weight, WEIGHTS);
}

export function checkNodeSelector(errors: ErrorList, path: Path, selector: NodeSelector): void {
  const at = path.child('nodeSelectorTerms');
  if (isEmptyList(selector.nodeSelectorTerms)) errors.required(at, 'must have at least one node selector term');
  eachItem(selector.nodeSelectorTerms, at, (term, termAt) => checkNodeSelectorTerm(errors, termAt, term, true));
}

/** @param mustMatch of terms that a node must match, values have to be such that a label can have them */
function checkNodeSelectorTerm(errors: ErrorList, path: Path, term: Maybe<NodeSelectorTerm>, mustMatch: boolean): void {
  eachItem(term?.matchExpressions, path.child('matchExpressions'), (requirement, at) => {
    checkLabelRequirement(errors, at, requirement);
    if (!mustMatch) return;
    eachItem(requirement.values, at.child('values'), (value, valueAt) =>
      errors.invalidEach(valueAt, value, isValidLabelValue(value)),
    );
  });
  eachItem(term?.matchFields, path.child('matchFields'), (requirement, at) =>
    checkFieldRequirement(errors, at, requirement),
  );
}

function checkLabelRequirement(
  errors: ErrorList,
  path: Path,
  { key, operator, values }: NodeSelectorRequirement,
): void {
  const at = path.child('values');
  const count = values?.length ?? 0;
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (count === 0) errors.required(at, "must be specified when `operator` is 'In' or 'NotIn'");
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (count > 0) errors.forbidden(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      break;
    case 'Gt':
    case 'Lt':
      if (count !== 1) errors.required(at, "must be specified single value when `operator` is 'Lt' or 'Gt'");
      break;
    default:
      errors.invalid(path.child('operator'), operator, 'not a valid selector operator');
  }
  checkQualifiedName(errors, path.child('key'), key);
}

function checkFieldRequirement(
  errors: ErrorList,
  path: Path,
  { key, operator, values }: NodeSelectorRequirement,
): void {
  if (operator !== 'In' && operator !== 'NotIn') {
    errors.invalid(path.child('operator'), operator, 'not a valid selector operator');
  } else if (values?.length !== 1) {
    const why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
    errors.required(path.child('values'), why);
  }
  if (key !== 'metadata.name') {
    errors.invalid(path.child('key'), key, 'not a valid field selector key');
    return;
  }
  eachItem(values, path.child('values'), (value, at) => errors.invalidEach(at, value, isDNS1123Subdomain(value)));
}

function checkPodAffinity(errors: ErrorList, path: Path, affinity: PodAffinity): void {
  eachItem(affinity[REQUIRED], path.child(REQUIRED), (term, at) => checkTerm(errors, at, term));
  eachItem(affinity[PREFERRED], path.child(PREFERRED), ({ weight, podAffinityTerm }, at) => {
    checkWeight(errors, at, weight);
    checkTerm(errors, at.child('podAffinityTerm'), podAffinityTerm);
  });
}

function checkTerm(errors: ErrorList, path: Path, term: PodAffinityTerm): void {
  checkLabelSelector(errors, path.child('labelSelector'), term.labelSelector);
  checkLabelSelector(errors, path.child('namespaceSelector'), term.namespaceSelector);
  for (const name of term.namespaces ?? []) errors.invalidEach(path.child('namespace'), name, isDNS1123Label(name));
  checkMatchKeys(errors, path, term);
  if (!term.topologyKey) errors.required(path.child('topologyKey'), 'can not be empty');
  checkQualifiedName(errors, path.child('topologyKey'), term.topologyKey);
}

function checkMatchKeys(errors: ErrorList, path: Path, term: PodAffinityTerm): void {
  const { matchLabelKeys, mismatchLabelKeys, labelSelector } = term;
  checkLabelKeys(errors, path.child('matchLabelKeys'), matchLabelKeys, labelSelector);
  checkLabelKeys(errors, path.child('mismatchLabelKeys'), mismatchLabelKeys, labelSelector);
  const seen = new Set(Object.keys(labelSelector?.matchLabels ?? {}));
  for (const { key } of labelSelector?.matchExpressions ?? []) {
    const index = matchLabelKeys?.lastIndexOf(key) ?? -1;
    if (index >= 0 && seen.has(key)) {
      errors.invalid(path.index(index), key, 'exists in both matchLabelKeys and labelSelector');
    }
    seen.add(key);
  }
  eachItem(matchLabelKeys, path.child('matchLabelKeys'), (key, at) => {
    if (mismatchLabelKeys?.includes(key)) {
      errors.invalid(at, key, 'exists in both matchLabelKeys and mismatchLabelKeys');
    }
  });
}

function checkLabelKeys(
  errors: ErrorList,
  path: Path,
  keys: Maybe<readonly string[]>,
  selector: Maybe<LabelSelector>,
): void {
  if (isEmptyList(keys)) return;
  if (!selector) errors.forbidden(path, 'must not be specified when labelSelector is not set');
  else eachItem(keys, path, (key, at) => checkQualifiedName(errors, at, key));
}

/** Keys of a topology spread constraint, which its selector may not name as well. */
export function checkSpreadKeys(
  errors: ErrorList,
  path: Path,
  keys: Maybe<readonly string[]>,
  selector: Maybe<LabelSelector>,
): void {
  if (isEmptyList(keys)) return;
  if (!selector) errors.forbidden(path, 'must not be specified when labelSelector is not set');
  eachItem(keys, path, (key, at) => {
    checkQualifiedName(errors, at, key);
    const named = has(selector?.matchLabels, key) || selector?.matchExpressions?.some((other) => other.key === key);
    if (named) errors.invalid(at, key, 'exists in both matchLabelKeys and labelSelector');
  });
}

/**
 * Which objects a quota with scopes is about (upstream: podMatchesScopeFunc of pkg/quota/v1/evaluator/core/pods.go,
 * pvcMatchesScopeFunc of persistent_volume_claims.go; no other kind has scopes).
 */
import type {
  PersistentVolumeClaim,
  Pod,
  PodAffinityTerm,
  ResourceQuota,
  ScopedResourceSelectorRequirement,
} from '../generated/kinds.ts';
import type { KubeObject } from '../kube-object.ts';
import type { CountedResource } from './quota-usage.ts';

export function inQuotaScopes(
  { spec }: ResourceQuota,
  { group, resource }: CountedResource,
  object: KubeObject,
): boolean {
  const plain = (spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' }));
  return [...plain, ...(spec?.scopeSelector?.matchExpressions ?? [])].every((requirement) => {
    if (group === '' && resource === 'pods') return podMatches(object as Pod, requirement);
    if (group === '' && resource === 'persistentvolumeclaims') {
      return claimMatches(object as PersistentVolumeClaim, requirement);
    }
    return false;
  });
}

function podMatches(pod: Pod, requirement: ScopedResourceSelectorRequirement): boolean {
  switch (requirement.scopeName) {
    case 'Terminating':
      return pod.spec.activeDeadlineSeconds !== undefined;
    case 'NotTerminating':
      return pod.spec.activeDeadlineSeconds === undefined;
    case 'BestEffort':
      return isBestEffort(pod);
    case 'NotBestEffort':
      return !isBestEffort(pod);
    case 'PriorityClass':
      return oneOf(pod.spec.priorityClassName, requirement);
    case 'CrossNamespacePodAffinity':
      return affinityTerms(pod).some(({ namespaces, namespaceSelector }) => namespaces?.length || namespaceSelector);
    default:
      return false;
  }
}

function isBestEffort({ spec, status }: Pod): boolean {
  if (status?.qosClass) return status.qosClass === 'BestEffort';
  const all = [spec, ...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  return all.every(({ resources }) => !resources?.requests && !resources?.limits);
}

function claimMatches({ spec }: PersistentVolumeClaim, requirement: ScopedResourceSelectorRequirement): boolean {
  return requirement.scopeName === 'VolumeAttributesClass' && oneOf(spec.volumeAttributesClassName, requirement);
}

function oneOf(value: string | undefined, { operator, values = [] }: ScopedResourceSelectorRequirement): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return Boolean(value);
    default:
      return !value;
  }
}

function affinityTerms({ spec }: Pod): PodAffinityTerm[] {
  return [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity].flatMap((affinity) => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
}

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
import { Quantity } from '../quantity.ts';
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
      return endsByItself(pod);
    case 'NotTerminating':
      return !endsByItself(pod);
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

/** What the scope Terminating asks. */
export function endsByItself({ spec }: Pod): boolean {
  return (spec.activeDeadlineSeconds ?? -1) >= 0;
}

function isBestEffort({ spec, status }: Pod): boolean {
  if (status?.qosClass) return status.qosClass === 'BestEffort';
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const all = spec.resources ? [spec.resources] : containers.map(({ resources }) => resources);
  const isAsked = (amounts: Readonly<Record<string, string>> | undefined): boolean =>
    ['cpu', 'memory'].some((name) => Quantity.parse(amounts?.[name] ?? '0').sign > 0);
  return !all.some((resources) => isAsked(resources?.requests) || isAsked(resources?.limits));
}

/** By the class that is wanted, the one there is, and the one that it is being changed to. */
function claimMatches(
  { spec, status }: PersistentVolumeClaim,
  requirement: ScopedResourceSelectorRequirement,
): boolean {
  if (requirement.scopeName !== 'VolumeAttributesClass') return false;
  const names = [
    spec.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ].filter(Boolean);
  return names.length === 0 ? oneOf(undefined, requirement) : names.some((name) => oneOf(name, requirement));
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

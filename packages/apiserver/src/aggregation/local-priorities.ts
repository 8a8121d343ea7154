/**
 * Where the built-in group versions stand in discovery, as their APIServices say it
 * (upstream: pkg/controlplane/apiserver/aggregator.go DefaultGenericAPIServicePriorities,
 * cmd/kube-apiserver/app/aggregator.go). A group version that is not here gets no APIService.
 */
interface GroupPriority {
  readonly group: number;
  readonly versions: Readonly<Record<string, number>>;
}

const PRIORITIES: Readonly<Record<string, GroupPriority>> = {
  '': { group: 18_000, versions: { v1: 1 } },
  apps: { group: 17_800, versions: { v1: 15 } },
  'events.k8s.io': { group: 17_750, versions: { v1: 15 } },
  'authentication.k8s.io': { group: 17_700, versions: { v1: 15 } },
  'authorization.k8s.io': { group: 17_600, versions: { v1: 15 } },
  autoscaling: { group: 17_500, versions: { v2: 30, v1: 15 } },
  batch: { group: 17_400, versions: { v1: 15 } },
  'certificates.k8s.io': { group: 17_300, versions: { v1: 15, v1beta1: 9, v1alpha1: 1 } },
  'networking.k8s.io': { group: 17_200, versions: { v1: 15, v1beta1: 9 } },
  policy: { group: 17_100, versions: { v1: 15 } },
  'rbac.authorization.k8s.io': { group: 17_000, versions: { v1: 15 } },
  'storage.k8s.io': { group: 16_800, versions: { v1: 15, v1beta1: 9 } },
  'apiextensions.k8s.io': { group: 16_700, versions: { v1: 15 } },
  'admissionregistration.k8s.io': { group: 16_700, versions: { v1: 15, v1beta1: 12, v1alpha1: 9 } },
  'scheduling.k8s.io': { group: 16_600, versions: { v1: 15, v1alpha2: 9 } },
  'coordination.k8s.io': { group: 16_500, versions: { v1: 15, v1beta1: 13, v1alpha2: 12 } },
  'node.k8s.io': { group: 16_300, versions: { v1: 15 } },
  'discovery.k8s.io': { group: 16_200, versions: { v1: 15 } },
  'resource.k8s.io': { group: 16_200, versions: { v1: 20, v1beta2: 15, v1beta1: 9, v1alpha3: 1 } },
  'flowcontrol.apiserver.k8s.io': { group: 16_100, versions: { v1: 21 } },
  'internal.apiserver.k8s.io': { group: 16_000, versions: { v1alpha1: 9 } },
  'storagemigration.k8s.io': { group: 15_800, versions: { v1beta1: 9 } },
};

/** Of groups that definitions make (upstream: pkg/controlplane/controller/crdregistration/crdregistration_controller.go). */
export const CUSTOM_PRIORITY = { group: 1000, version: 100 } as const;

export interface Priority {
  readonly group: number;
  readonly version: number;
}

export function localPriority(group: string, version: string): Priority | undefined {
  const known = Object.hasOwn(PRIORITIES, group) ? PRIORITIES[group] : undefined;
  const own = known?.versions[version];
  return known && own !== undefined ? { group: known.group, version: own } : undefined;
}

/** Of groups without an APIService: apiregistration.k8s.io stands before all others. */
export function groupPriority(group: string, isBuiltIn: boolean): number {
  if (!isBuiltIn) return CUSTOM_PRIORITY.group;
  return Object.hasOwn(PRIORITIES, group) ? (PRIORITIES[group]?.group ?? 0) : Number.POSITIVE_INFINITY;
}

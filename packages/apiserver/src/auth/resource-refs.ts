/** The resources that authentication, authorization, admission and flow control read. */
import type {
  ClusterRole,
  ClusterRoleBinding,
  FlowSchema,
  LimitRange,
  Namespace,
  Node,
  PersistentVolume,
  Pod,
  PriorityClass,
  PriorityLevelConfiguration,
  ResourceQuota,
  ResourceRef,
  Role,
  RoleBinding,
  Secret,
  ServiceAccount,
} from '@regatta/api';

const RBAC = { group: 'rbac.authorization.k8s.io', version: 'v1' } as const;
const FLOW_CONTROL = { group: 'flowcontrol.apiserver.k8s.io', version: 'v1' } as const;
const CORE = { group: '', version: 'v1' } as const;

export const NAMESPACES: ResourceRef<Namespace> = {
  ...CORE,
  resource: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
};
export const NODES: ResourceRef<Node> = { ...CORE, resource: 'nodes', kind: 'Node', namespaced: false };
export const PODS: ResourceRef<Pod> = { ...CORE, resource: 'pods', kind: 'Pod', namespaced: true };
export const LIMIT_RANGES: ResourceRef<LimitRange> = {
  ...CORE,
  resource: 'limitranges',
  kind: 'LimitRange',
  namespaced: true,
};
export const RESOURCE_QUOTAS: ResourceRef<ResourceQuota> = {
  ...CORE,
  resource: 'resourcequotas',
  kind: 'ResourceQuota',
  namespaced: true,
};
export const SECRETS: ResourceRef<Secret> = { ...CORE, resource: 'secrets', kind: 'Secret', namespaced: true };
export const SERVICE_ACCOUNTS: ResourceRef<ServiceAccount> = {
  ...CORE,
  resource: 'serviceaccounts',
  kind: 'ServiceAccount',
  namespaced: true,
};
export const PERSISTENT_VOLUMES: ResourceRef<PersistentVolume> = {
  ...CORE,
  resource: 'persistentvolumes',
  kind: 'PersistentVolume',
  namespaced: false,
};
export const PRIORITY_CLASSES: ResourceRef<PriorityClass> = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  resource: 'priorityclasses',
  kind: 'PriorityClass',
  namespaced: false,
};
export const CLUSTER_ROLES: ResourceRef<ClusterRole> = {
  ...RBAC,
  resource: 'clusterroles',
  kind: 'ClusterRole',
  namespaced: false,
};
export const CLUSTER_ROLE_BINDINGS: ResourceRef<ClusterRoleBinding> = {
  ...RBAC,
  resource: 'clusterrolebindings',
  kind: 'ClusterRoleBinding',
  namespaced: false,
};
export const ROLES: ResourceRef<Role> = { ...RBAC, resource: 'roles', kind: 'Role', namespaced: true };
export const ROLE_BINDINGS: ResourceRef<RoleBinding> = {
  ...RBAC,
  resource: 'rolebindings',
  kind: 'RoleBinding',
  namespaced: true,
};
export const FLOW_SCHEMA_OBJECTS: ResourceRef<FlowSchema> = {
  ...FLOW_CONTROL,
  resource: 'flowschemas',
  kind: 'FlowSchema',
  namespaced: false,
};
export const PRIORITY_LEVEL_OBJECTS: ResourceRef<PriorityLevelConfiguration> = {
  ...FLOW_CONTROL,
  resource: 'prioritylevelconfigurations',
  kind: 'PriorityLevelConfiguration',
  namespaced: false,
};

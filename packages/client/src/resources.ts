/**
 * The built-in resources that components address by name, with the types of their objects.
 * For any other resource make a ResourceRef of your own: the client treats all alike.
 */
import type {
  CertificateSigningRequest,
  ClusterRole,
  ClusterRoleBinding,
  ConfigMap,
  ControllerRevision,
  CronJob,
  CSIDriver,
  CSINode,
  DaemonSet,
  Deployment,
  EndpointSlice,
  Endpoints,
  Event,
  EventsV1Event,
  HorizontalPodAutoscaler,
  Ingress,
  Job,
  KubeObject,
  Lease,
  LimitRange,
  Namespace,
  NetworkPolicy,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  PriorityClass,
  ReplicaSet,
  ReplicationController,
  ResourceQuota,
  ResourceRef,
  Role,
  RoleBinding,
  RuntimeClass,
  Secret,
  Service,
  ServiceAccount,
  StatefulSet,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
} from '@regatta/api';

function namespaced<T extends KubeObject>(group: string, version: string, resource: string, kind: string) {
  return { group, version, resource, kind, namespaced: true } as ResourceRef<T>;
}

function cluster<T extends KubeObject>(group: string, version: string, resource: string, kind: string) {
  return { group, version, resource, kind, namespaced: false } as ResourceRef<T>;
}

const RBAC = 'rbac.authorization.k8s.io';
const STORAGE = 'storage.k8s.io';

export const resources = {
  pods: namespaced<Pod>('', 'v1', 'pods', 'Pod'),
  nodes: cluster<Node>('', 'v1', 'nodes', 'Node'),
  namespaces: cluster<Namespace>('', 'v1', 'namespaces', 'Namespace'),
  services: namespaced<Service>('', 'v1', 'services', 'Service'),
  endpoints: namespaced<Endpoints>('', 'v1', 'endpoints', 'Endpoints'),
  events: namespaced<Event>('', 'v1', 'events', 'Event'),
  configMaps: namespaced<ConfigMap>('', 'v1', 'configmaps', 'ConfigMap'),
  secrets: namespaced<Secret>('', 'v1', 'secrets', 'Secret'),
  serviceAccounts: namespaced<ServiceAccount>('', 'v1', 'serviceaccounts', 'ServiceAccount'),
  replicationControllers: namespaced<ReplicationController>(
    '',
    'v1',
    'replicationcontrollers',
    'ReplicationController',
  ),
  resourceQuotas: namespaced<ResourceQuota>('', 'v1', 'resourcequotas', 'ResourceQuota'),
  limitRanges: namespaced<LimitRange>('', 'v1', 'limitranges', 'LimitRange'),
  persistentVolumes: cluster<PersistentVolume>('', 'v1', 'persistentvolumes', 'PersistentVolume'),
  volumeAttributesClasses: cluster<VolumeAttributesClass>(
    STORAGE,
    'v1',
    'volumeattributesclasses',
    'VolumeAttributesClass',
  ),
  persistentVolumeClaims: namespaced<PersistentVolumeClaim>(
    '',
    'v1',
    'persistentvolumeclaims',
    'PersistentVolumeClaim',
  ),
  deployments: namespaced<Deployment>('apps', 'v1', 'deployments', 'Deployment'),
  replicaSets: namespaced<ReplicaSet>('apps', 'v1', 'replicasets', 'ReplicaSet'),
  daemonSets: namespaced<DaemonSet>('apps', 'v1', 'daemonsets', 'DaemonSet'),
  statefulSets: namespaced<StatefulSet>('apps', 'v1', 'statefulsets', 'StatefulSet'),
  controllerRevisions: namespaced<ControllerRevision>('apps', 'v1', 'controllerrevisions', 'ControllerRevision'),
  jobs: namespaced<Job>('batch', 'v1', 'jobs', 'Job'),
  cronJobs: namespaced<CronJob>('batch', 'v1', 'cronjobs', 'CronJob'),
  horizontalPodAutoscalers: namespaced<HorizontalPodAutoscaler>(
    'autoscaling',
    'v2',
    'horizontalpodautoscalers',
    'HorizontalPodAutoscaler',
  ),
  podDisruptionBudgets: namespaced<PodDisruptionBudget>('policy', 'v1', 'poddisruptionbudgets', 'PodDisruptionBudget'),
  endpointSlices: namespaced<EndpointSlice>('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice'),
  leases: namespaced<Lease>('coordination.k8s.io', 'v1', 'leases', 'Lease'),
  eventsV1: namespaced<EventsV1Event>('events.k8s.io', 'v1', 'events', 'Event'),
  ingresses: namespaced<Ingress>('networking.k8s.io', 'v1', 'ingresses', 'Ingress'),
  networkPolicies: namespaced<NetworkPolicy>('networking.k8s.io', 'v1', 'networkpolicies', 'NetworkPolicy'),
  priorityClasses: cluster<PriorityClass>('scheduling.k8s.io', 'v1', 'priorityclasses', 'PriorityClass'),
  runtimeClasses: cluster<RuntimeClass>('node.k8s.io', 'v1', 'runtimeclasses', 'RuntimeClass'),
  storageClasses: cluster<StorageClass>(STORAGE, 'v1', 'storageclasses', 'StorageClass'),
  csiDrivers: cluster<CSIDriver>(STORAGE, 'v1', 'csidrivers', 'CSIDriver'),
  csiNodes: cluster<CSINode>(STORAGE, 'v1', 'csinodes', 'CSINode'),
  volumeAttachments: cluster<VolumeAttachment>(STORAGE, 'v1', 'volumeattachments', 'VolumeAttachment'),
  roles: namespaced<Role>(RBAC, 'v1', 'roles', 'Role'),
  roleBindings: namespaced<RoleBinding>(RBAC, 'v1', 'rolebindings', 'RoleBinding'),
  clusterRoles: cluster<ClusterRole>(RBAC, 'v1', 'clusterroles', 'ClusterRole'),
  clusterRoleBindings: cluster<ClusterRoleBinding>(RBAC, 'v1', 'clusterrolebindings', 'ClusterRoleBinding'),
  certificateSigningRequests: cluster<CertificateSigningRequest>(
    'certificates.k8s.io',
    'v1',
    'certificatesigningrequests',
    'CertificateSigningRequest',
  ),
};

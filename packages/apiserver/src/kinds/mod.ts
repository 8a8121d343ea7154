/**
 * The strategies of the kinds, by `group/resource` of the version in which they are stored.
 */
import { apiServiceStrategy } from '../aggregation/strategy.ts';
import { definitionStrategy } from '../apiextensions/lazy.ts';
import type { Strategy } from '../registry/strategy.ts';
import { mutatingPolicyBindingStrategy, mutatingPolicyStrategy } from './admissionregistration/mutating-policies.ts';
import { validatingPolicyBindingStrategy, validatingPolicyStrategy } from './admissionregistration/policies.ts';
import { mutatingWebhookStrategy, validatingWebhookStrategy } from './admissionregistration/webhooks.ts';
import { storageVersionStrategy } from './apiserverinternal/storage-version.ts';
import { controllerRevisionStrategy } from './apps/controller-revision.ts';
import { daemonSetStrategy } from './apps/daemon-set.ts';
import { deploymentStrategy } from './apps/deployment.ts';
import { replicaSetStrategy } from './apps/replica-set.ts';
import { statefulSetStrategy } from './apps/stateful-set.ts';
import { horizontalPodAutoscalerStrategy } from './autoscaling/horizontal-pod-autoscaler.ts';
import { cronJobStrategy } from './batch/cron-job.ts';
import { jobStrategy } from './batch/job.ts';
import { certificateSigningRequestStrategy } from './certificates/certificate-signing-request.ts';
import { clusterTrustBundleStrategy } from './certificates/cluster-trust-bundle.ts';
import { podCertificateRequestStrategy } from './certificates/pod-certificate-request.ts';
import { leaseStrategy } from './coordination/lease.ts';
import { leaseCandidateStrategy } from './coordination/lease-candidate.ts';
import { configMapStrategy } from './core/config-map.ts';
import { endpointsStrategy } from './core/endpoints.ts';
import { eventStrategy } from './core/event.ts';
import { limitRangeStrategy } from './core/limit-range.ts';
import { namespaceStrategy } from './core/namespace.ts';
import { nodeStrategy } from './core/node.ts';
import { persistentVolumeStrategy } from './core/persistent-volume/strategy.ts';
import { persistentVolumeClaimStrategy } from './core/persistent-volume-claim/strategy.ts';
import { podStrategy } from './core/pod.ts';
import { podTemplateStrategy } from './core/pod-template.ts';
import { replicationControllerStrategy } from './core/replication-controller.ts';
import { resourceQuotaStrategy } from './core/resource-quota.ts';
import { secretStrategy } from './core/secret.ts';
import { serviceStrategy } from './core/service/strategy.ts';
import { serviceAccountStrategy } from './core/service-account.ts';
import { endpointSliceStrategy } from './discovery/endpoint-slice.ts';
import { flowSchemaStrategy } from './flowcontrol/flow-schema.ts';
import { priorityLevelStrategy } from './flowcontrol/priority-level.ts';
import { ingressStrategy } from './networking/ingress.ts';
import { ingressClassStrategy } from './networking/ingress-class.ts';
import { networkPolicyStrategy } from './networking/network-policy.ts';
import { ipAddressStrategy, serviceCidrStrategy } from './networking/service-cidr.ts';
import { runtimeClassStrategy } from './node/runtime-class.ts';
import { podDisruptionBudgetStrategy } from './policy/pod-disruption-budget.ts';
import {
  clusterRoleBindingStrategy,
  clusterRoleStrategy,
  roleBindingStrategy,
  roleStrategy,
} from './rbac/strategies.ts';
import { deviceClassStrategy } from './resource/device-class.ts';
import { poolStatusRequestStrategy } from './resource/pool-status-request.ts';
import { resourceClaimStrategy, resourceClaimTemplateStrategy } from './resource/resource-claim.ts';
import { resourceSliceStrategy } from './resource/resource-slice.ts';
import { deviceTaintRuleStrategy } from './resource/taint-rule.ts';
import { podGroupStrategy, workloadStrategy } from './scheduling/pod-groups.ts';
import { priorityClassStrategy } from './scheduling/priority-class.ts';
import { csiDriverStrategy, csiNodeStrategy } from './storage/csi.ts';
import { csiStorageCapacityStrategy } from './storage/storage-capacity.ts';
import { storageClassStrategy } from './storage/storage-class.ts';
import { volumeAttachmentStrategy, volumeAttributesClassStrategy } from './storage/volume-attachment.ts';
import { storageVersionMigrationStrategy } from './storagemigration/storage-version-migration.ts';

/** A strategy sees objects of its own kind only; the map forgets which. */
function strategy<T extends Parameters<NonNullable<Strategy['applyDefaults']>>[0]>(of: Strategy<T>): Strategy {
  return of as unknown as Strategy;
}

export const strategies: ReadonlyMap<string, Strategy> = new Map<string, Strategy>([
  ['/pods', strategy(podStrategy)],
  ['/services', strategy(serviceStrategy)],
  ['/configmaps', strategy(configMapStrategy)],
  ['/secrets', strategy(secretStrategy)],
  ['/namespaces', strategy(namespaceStrategy)],
  ['/nodes', strategy(nodeStrategy)],
  ['/limitranges', strategy(limitRangeStrategy)],
  ['/resourcequotas', strategy(resourceQuotaStrategy)],
  ['/serviceaccounts', strategy(serviceAccountStrategy)],
  ['/events', strategy(eventStrategy)],
  ['/endpoints', strategy(endpointsStrategy)],
  ['coordination.k8s.io/leases', strategy(leaseStrategy)],
  ['coordination.k8s.io/leasecandidates', strategy(leaseCandidateStrategy)],
  ['discovery.k8s.io/endpointslices', strategy(endpointSliceStrategy)],
  ['rbac.authorization.k8s.io/roles', strategy(roleStrategy)],
  ['rbac.authorization.k8s.io/clusterroles', strategy(clusterRoleStrategy)],
  ['rbac.authorization.k8s.io/rolebindings', strategy(roleBindingStrategy)],
  ['rbac.authorization.k8s.io/clusterrolebindings', strategy(clusterRoleBindingStrategy)],
  ['apps/deployments', strategy(deploymentStrategy)],
  ['apps/replicasets', strategy(replicaSetStrategy)],
  ['apps/daemonsets', strategy(daemonSetStrategy)],
  ['apps/statefulsets', strategy(statefulSetStrategy)],
  ['/replicationcontrollers', strategy(replicationControllerStrategy)],
  ['/podtemplates', strategy(podTemplateStrategy)],
  ['batch/jobs', strategy(jobStrategy)],
  ['batch/cronjobs', strategy(cronJobStrategy)],
  ['policy/poddisruptionbudgets', strategy(podDisruptionBudgetStrategy)],
  ['scheduling.k8s.io/priorityclasses', strategy(priorityClassStrategy)],
  ['/persistentvolumeclaims', strategy(persistentVolumeClaimStrategy)],
  ['/persistentvolumes', strategy(persistentVolumeStrategy)],
  ['storage.k8s.io/storageclasses', strategy(storageClassStrategy)],
  ['storage.k8s.io/csidrivers', strategy(csiDriverStrategy)],
  ['storage.k8s.io/csinodes', strategy(csiNodeStrategy)],
  ['storage.k8s.io/csistoragecapacities', strategy(csiStorageCapacityStrategy)],
  ['storage.k8s.io/volumeattachments', strategy(volumeAttachmentStrategy)],
  ['storage.k8s.io/volumeattributesclasses', strategy(volumeAttributesClassStrategy)],
  ['node.k8s.io/runtimeclasses', strategy(runtimeClassStrategy)],
  ['apps/controllerrevisions', strategy(controllerRevisionStrategy)],
  ['admissionregistration.k8s.io/validatingadmissionpolicies', strategy(validatingPolicyStrategy)],
  ['admissionregistration.k8s.io/validatingadmissionpolicybindings', strategy(validatingPolicyBindingStrategy)],
  ['admissionregistration.k8s.io/mutatingadmissionpolicies', strategy(mutatingPolicyStrategy)],
  ['admissionregistration.k8s.io/mutatingadmissionpolicybindings', strategy(mutatingPolicyBindingStrategy)],
  ['admissionregistration.k8s.io/validatingwebhookconfigurations', strategy(validatingWebhookStrategy)],
  ['admissionregistration.k8s.io/mutatingwebhookconfigurations', strategy(mutatingWebhookStrategy)],
  ['flowcontrol.apiserver.k8s.io/flowschemas', strategy(flowSchemaStrategy)],
  ['flowcontrol.apiserver.k8s.io/prioritylevelconfigurations', strategy(priorityLevelStrategy)],
  ['networking.k8s.io/networkpolicies', strategy(networkPolicyStrategy)],
  ['networking.k8s.io/ingresses', strategy(ingressStrategy)],
  ['networking.k8s.io/ingressclasses', strategy(ingressClassStrategy)],
  ['networking.k8s.io/servicecidrs', strategy(serviceCidrStrategy)],
  ['networking.k8s.io/ipaddresses', strategy(ipAddressStrategy)],
  ['certificates.k8s.io/certificatesigningrequests', strategy(certificateSigningRequestStrategy)],
  ['apiregistration.k8s.io/apiservices', strategy(apiServiceStrategy)],
  ['apiextensions.k8s.io/customresourcedefinitions', strategy(definitionStrategy)],
  ['certificates.k8s.io/clustertrustbundles', strategy(clusterTrustBundleStrategy)],
  ['certificates.k8s.io/podcertificaterequests', strategy(podCertificateRequestStrategy)],
  ['internal.apiserver.k8s.io/storageversions', strategy(storageVersionStrategy)],
  ['storagemigration.k8s.io/storageversionmigrations', strategy(storageVersionMigrationStrategy)],
  ['scheduling.k8s.io/workloads', strategy(workloadStrategy)],
  ['scheduling.k8s.io/podgroups', strategy(podGroupStrategy)],
  ['resource.k8s.io/deviceclasses', strategy(deviceClassStrategy)],
  ['resource.k8s.io/resourceclaims', strategy(resourceClaimStrategy)],
  ['resource.k8s.io/resourceclaimtemplates', strategy(resourceClaimTemplateStrategy)],
  ['resource.k8s.io/resourceslices', strategy(resourceSliceStrategy)],
  ['resource.k8s.io/devicetaintrules', strategy(deviceTaintRuleStrategy)],
  ['resource.k8s.io/resourcepoolstatusrequests', strategy(poolStatusRequestStrategy)],
  ['autoscaling/horizontalpodautoscalers', strategy(horizontalPodAutoscalerStrategy)],
]);

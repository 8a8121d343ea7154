/**
 * Which printer a kind has. A kind that isn't here has upstream's default table: name and creation time.
 */
import type { KubeObject } from '@regatta/api';
import * as cluster from './kinds/cluster.ts';
import * as network from './kinds/network.ts';
import { podPrinter } from './kinds/pod.ts';
import * as policy from './kinds/policy.ts';
import * as storage from './kinds/storage.ts';
import * as workloads from './kinds/workloads.ts';
import { columnsOf, type Printer } from './printer.ts';

/** Printers are registered under the kind whose objects they take; the types are checked where they are written. */
const PRINTERS: ReadonlyMap<string, Printer> = new Map<string, unknown>([
  ['Pod', podPrinter],
  ['PodTemplate', workloads.podTemplatePrinter],
  ['Deployment', workloads.deploymentPrinter],
  ['ReplicaSet', workloads.replicaSetPrinter],
  ['ReplicationController', workloads.replicationControllerPrinter],
  ['DaemonSet', workloads.daemonSetPrinter],
  ['StatefulSet', workloads.statefulSetPrinter],
  ['Job', workloads.jobPrinter],
  ['CronJob', workloads.cronJobPrinter],
  ['ControllerRevision', workloads.controllerRevisionPrinter],
  ['PodDisruptionBudget', workloads.podDisruptionBudgetPrinter],
  ['HorizontalPodAutoscaler', workloads.horizontalPodAutoscalerPrinter],
  ['ComponentStatus', cluster.componentStatusPrinter],
  ['Node', cluster.nodePrinter],
  ['Namespace', cluster.namespacePrinter],
  ['Secret', cluster.secretPrinter],
  ['ConfigMap', cluster.configMapPrinter],
  ['ServiceAccount', cluster.serviceAccountPrinter],
  ['Event', cluster.eventPrinter],
  ['Lease', cluster.leasePrinter],
  ['ResourceQuota', cluster.resourceQuotaPrinter],
  ['PriorityClass', cluster.priorityClassPrinter],
  ['RuntimeClass', cluster.runtimeClassPrinter],
  ['RoleBinding', cluster.bindingPrinter],
  ['ClusterRoleBinding', cluster.bindingPrinter],
  ['CertificateSigningRequest', cluster.certificateSigningRequestPrinter],
  ['Scale', cluster.scalePrinter],
  ['Service', network.servicePrinter],
  ['Endpoints', network.endpointsPrinter],
  ['EndpointSlice', network.endpointSlicePrinter],
  ['Ingress', network.ingressPrinter],
  ['IngressClass', network.ingressClassPrinter],
  ['NetworkPolicy', network.networkPolicyPrinter],
  ['ServiceCIDR', network.serviceCidrPrinter],
  ['IPAddress', network.ipAddressPrinter],
  ['PersistentVolume', storage.persistentVolumePrinter],
  ['PersistentVolumeClaim', storage.persistentVolumeClaimPrinter],
  ['StorageClass', storage.storageClassPrinter],
  ['VolumeAttributesClass', storage.volumeAttributesClassPrinter],
  ['VolumeAttachment', storage.volumeAttachmentPrinter],
  ['CSINode', storage.csiNodePrinter],
  ['CSIDriver', storage.csiDriverPrinter],
  ['MutatingWebhookConfiguration', policy.webhookConfigurationPrinter],
  ['ValidatingWebhookConfiguration', policy.webhookConfigurationPrinter],
  ['ValidatingAdmissionPolicy', policy.validatingAdmissionPolicyPrinter],
  ['MutatingAdmissionPolicy', policy.mutatingAdmissionPolicyPrinter],
  ['ValidatingAdmissionPolicyBinding', policy.admissionPolicyBindingPrinter],
  ['MutatingAdmissionPolicyBinding', policy.admissionPolicyBindingPrinter],
  ['FlowSchema', policy.flowSchemaPrinter],
  ['PriorityLevelConfiguration', policy.priorityLevelConfigurationPrinter],
  ['ResourceClaim', policy.resourceClaimPrinter],
  ['ResourceSlice', policy.resourceSlicePrinter],
  ['LeaseCandidate', policy.leaseCandidatePrinter],
  ['APIService', cluster.apiServicePrinter],
  ['StorageVersion', cluster.storageVersionPrinter],
  ['PodCertificateRequest', cluster.podCertificateRequestPrinter],
  ['DeviceClass', policy.nameAndAgePrinter],
  ['ResourceClaimTemplate', policy.nameAndAgePrinter],
  ['Workload', policy.nameAndAgePrinter],
] as const) as ReadonlyMap<string, Printer>;

/** Upstream: registry/rest DefaultTableConvertor. */
const defaultPrinter: Printer = {
  columns: columnsOf('', 'Name', 'Created At:date'),
  cells: ({ metadata }: KubeObject) => [metadata.name, metadata.creationTimestamp ?? null],
};

export function printerOf(kind: string): Printer {
  return PRINTERS.get(kind) ?? defaultPrinter;
}

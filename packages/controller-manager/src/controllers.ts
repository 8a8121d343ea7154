/**
 * Every controller of this process. A new one is a folder and a line here.
 */
import { CertificateApprovingController } from './certificates/approving-controller.ts';
import type { SigningKeys } from './certificates/authority.ts';
import { CertificateCleaningController } from './certificates/cleaning-controller.ts';
import { CertificateSigningController } from './certificates/signing-controller.ts';
import { ClusterRoleAggregationController } from './cluster-role-aggregation/cluster-role-aggregation-controller.ts';
import { CronJobController } from './cronjob/cron-job-controller.ts';
import { DeploymentController } from './deployment/deployment-controller.ts';
import { EndpointsController } from './endpoints/endpoints-controller.ts';
import { EndpointSliceController } from './endpointslice/endpoint-slice-controller.ts';
import { EndpointSliceMirroringController } from './endpointslice-mirroring/mirroring-controller.ts';
import type { Controller, ControllerContext } from './framework/controller.ts';
import { GarbageCollector } from './garbage-collector/garbage-collector.ts';
import { JobController } from './job/job-controller.ts';
import { NamespaceController } from './namespace/namespace-controller.ts';
import { NodeIpamController } from './node-ipam/node-ipam-controller.ts';
import { NodeLifecycleController } from './node-lifecycle/node-lifecycle-controller.ts';
import type { NodeLoss } from './node-lifecycle/pod-marker.ts';
import { NodeTtlController } from './node-ttl/node-ttl-controller.ts';
import { PodGarbageCollector } from './pod-gc/pod-garbage-collector.ts';
import { REPLICA_SETS, ReplicaSetController } from './replicaset/replica-set-controller.ts';
import { REPLICATION_CONTROLLERS } from './replication-controller/replication-controllers.ts';
import { ResourceQuotaController } from './resource-quota/resource-quota-controller.ts';
import { RootCaPublisher } from './root-ca-publisher/root-ca-publisher.ts';
import { ServiceCidrController } from './service-cidr/service-cidr-controller.ts';
import { ServiceAccountController } from './serviceaccount/service-account-controller.ts';
import { TokenController } from './serviceaccount/token-controller.ts';
import { StatefulSetController } from './statefulset/stateful-set-controller.ts';
import { AttributesClassProtectionController } from './storage-protection/attributes-class-protection.ts';
import { ClaimProtectionController } from './storage-protection/claim-protection.ts';
import { VolumeProtectionController } from './storage-protection/volume-protection.ts';
import { TaintEvictionController } from './taint-eviction/taint-eviction-controller.ts';
import { TtlAfterFinishedController } from './ttl-after-finished/ttl-after-finished-controller.ts';

export interface ControllerOptions {
  readonly nodeLoss: NodeLoss;
  readonly clusterCidr: string;
  /** The cluster's CA, PEM; asked once the API is there. Without it none is published. */
  readonly readRootCa?: () => Promise<string>;
  /** What signs the tokens in Secrets, PEM. Without it, or without the CA, they stay empty. */
  readonly readTokenKey?: () => Promise<string>;
  /** The authority that signs certificate requests; asked for each. Without it none is signed. */
  readonly readSigningKeys?: () => Promise<SigningKeys>;
}

export function makeControllers(context: ControllerContext, options: ControllerOptions): Controller[] {
  const { nodeLoss, clusterCidr, readRootCa, readSigningKeys, readTokenKey } = options;
  const quotas = new ResourceQuotaController(context);
  return [
    new ServiceAccountController(context),
    ...(readTokenKey && readRootCa ? [new TokenController(context, { readKey: readTokenKey, readRootCa })] : []),
    ...(readRootCa ? [new RootCaPublisher(context, readRootCa)] : []),
    new NamespaceController(context),
    new NodeIpamController(context, clusterCidr),
    new NodeTtlController(context),
    new NodeLifecycleController(context, { nodeLoss }),
    new TaintEvictionController(context, { nodeLoss }),
    new PodGarbageCollector(context),
    new DeploymentController(context),
    new ReplicaSetController(context, REPLICA_SETS),
    new ReplicaSetController(context, REPLICATION_CONTROLLERS),
    new StatefulSetController(context),
    new JobController(context),
    new CronJobController(context),
    new TtlAfterFinishedController(context),
    new EndpointSliceController(context),
    new EndpointsController(context),
    new EndpointSliceMirroringController(context),
    new ClusterRoleAggregationController(context),
    ...(readSigningKeys ? [new CertificateSigningController(context, readSigningKeys)] : []),
    new CertificateApprovingController(context),
    new CertificateCleaningController(context),
    new ClaimProtectionController(context),
    new VolumeProtectionController(context),
    new AttributesClassProtectionController(context),
    new ServiceCidrController(context),
    quotas,
    // Last: it shares the informers that the others have asked for.
    new GarbageCollector(context, { onDeleted: (object) => quotas.usedLess(object) }),
  ];
}

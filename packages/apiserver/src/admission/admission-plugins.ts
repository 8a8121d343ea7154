/**
 * The plugins of this server, in upstream's order (pkg/kubeapiserver/options/plugins.go AllOrderedPlugins): those that are
 * on by default, NodeRestriction, which every cluster installer turns on, and our own GuestLimits. A new plugin takes its place in this list.
 * Not here yet: see docs/spec/admission.md.
 */
import type { Auth } from '../auth/auth.ts';
import type { ResourceRegistry } from '../registry/resource-registry.ts';
import type { ServerContext } from '../server/context.ts';
import type { WebhookClient } from '../webhooks/webhook-client.ts';
import type { AdmissionPlugin } from './admission.ts';
import type { ExtensionMetrics } from './extension-metrics.ts';
import { CertificateApproval, CertificateSigning, certificateSubjectRestriction } from './plugins/certificates.ts';
import { PersistentVolumeClaimResize } from './plugins/claim-resize.ts';
import { DefaultIngressClass } from './plugins/default-ingress-class.ts';
import { DefaultStorageClass } from './plugins/default-storage-class.ts';
import { defaultTolerationSeconds } from './plugins/default-toleration-seconds.ts';
import { GuestLimits } from './plugins/guest-limits.ts';
import { LimitRanger } from './plugins/limit-ranger.ts';
import { NamespaceLifecycle } from './plugins/namespace-lifecycle.ts';
import { NodeRestriction } from './plugins/node-restriction.ts';
import { PodSecurity } from './plugins/pod-security.ts';
import { PodTopologyLabels } from './plugins/pod-topology-labels.ts';
import { PriorityPlugin } from './plugins/priority.ts';
import { RbacEscalation } from './plugins/rbac-escalation.ts';
import { ResourceQuotaPlugin } from './plugins/resource-quota.ts';
import { RuntimeClassPlugin } from './plugins/runtime-class.ts';
import { ServiceAccountPlugin } from './plugins/service-account.ts';
import { storageObjectInUseProtection } from './plugins/storage-object-in-use-protection.ts';
import { taintNodesByCondition } from './plugins/taint-nodes-by-condition.ts';
import { MutatingAdmissionPolicyPlugin } from './policy/mutating-policy.ts';
import { ValidatingAdmissionPolicyPlugin } from './policy/validating-policy.ts';
import { MutatingAdmissionWebhook, ValidatingAdmissionWebhook } from './webhooks/webhook-admission.ts';

/** What plugins that ask others need. */
export interface WebhookReach {
  readonly client: WebhookClient;
  readonly resources: ResourceRegistry;
  readonly metrics: ExtensionMetrics;
}

export function admissionPlugins(
  server: ServerContext,
  auth: Pick<Auth, 'authorizer' | 'escalation'>,
  { client, resources, metrics }: WebhookReach,
): readonly AdmissionPlugin[] {
  const policies = { server, authorizer: auth.authorizer, resources, metrics };
  const webhooks = { ...policies, client };
  return [
    new NamespaceLifecycle(server),
    new LimitRanger(server),
    new ServiceAccountPlugin(server),
    new NodeRestriction(server, auth.authorizer),
    taintNodesByCondition,
    new PodSecurity(server),
    new PriorityPlugin(server),
    defaultTolerationSeconds,
    new DefaultStorageClass(server),
    storageObjectInUseProtection,
    new PersistentVolumeClaimResize(server),
    new RuntimeClassPlugin(server),
    new CertificateApproval(auth.authorizer),
    new CertificateSigning(auth.authorizer),
    certificateSubjectRestriction,
    new DefaultIngressClass(server),
    new PodTopologyLabels(server),
    new RbacEscalation(auth.escalation),
    new MutatingAdmissionPolicyPlugin(policies),
    new MutatingAdmissionWebhook(webhooks),
    new ValidatingAdmissionPolicyPlugin(policies),
    new ValidatingAdmissionWebhook(webhooks),
    new GuestLimits(server),
    new ResourceQuotaPlugin(server),
  ];
}

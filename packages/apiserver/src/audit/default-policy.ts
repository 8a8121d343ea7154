/**
 * What is written down when nobody says otherwise: people, not machinery; what they wrote, but no secrets.
 */
import type { AuditLevel, AuditPolicy, AuditRule } from './audit-policy.ts';

/** Kinds whose bodies hold what opens doors. */
const SECRET_KINDS = [
  { group: '', resources: ['secrets', 'configmaps', 'serviceaccounts/token'], resourceNames: [] },
  { group: 'authentication.k8s.io', resources: ['tokenreviews'], resourceNames: [] },
];

function rule(level: AuditLevel, wanted: Partial<AuditRule> = {}): AuditRule {
  return {
    level,
    users: [],
    userGroups: [],
    verbs: [],
    resources: [],
    namespaces: [],
    nonResourceURLs: [],
    omitStages: ['RequestReceived'],
    omitManagedFields: true,
    ...wanted,
  };
}

export const DEFAULT_AUDIT_POLICY: AuditPolicy = {
  rules: [
    rule('None', { users: ['system:apiserver', 'system:kube-scheduler', 'system:kube-controller-manager'] }),
    rule('None', { userGroups: ['system:nodes', 'system:serviceaccounts:kube-system'] }),
    rule('None', { nonResourceURLs: ['/healthz*', '/livez*', '/readyz*', '/version', '/openapi/*', '/metrics'] }),
    rule('Metadata', { resources: SECRET_KINDS }),
    rule('None', { resources: [{ group: '', resources: ['events'], resourceNames: [] }] }),
    // Paths that are no resource have HTTP's verbs: they come to the last rule.
    rule('Request', { verbs: ['create', 'update', 'patch', 'delete', 'deletecollection'] }),
    rule('Metadata'),
  ],
};

/**
 * The FlowSchemas and PriorityLevelConfigurations that every server keeps: those that must be as they are, and those that
 * are suggested (upstream: staging/src/k8s.io/apiserver/pkg/apis/flowcontrol/bootstrap/default.go).
 */
import type {
  FlowcontrolV1Subject,
  FlowSchema,
  PolicyRulesWithSubjects,
  PriorityLevelConfiguration,
  ResourcePolicyRule,
} from '@regatta/api';

export const AUTO_UPDATE = 'apf.kubernetes.io/autoupdate-spec';
export const EXEMPT = 'exempt';
export const CATCH_ALL = 'catch-all';

interface Bootstrap<T> {
  readonly mandatory: readonly T[];
  readonly suggested: readonly T[];
}

const API_VERSION = 'flowcontrol.apiserver.k8s.io/v1';
const ALL = ['*'];
const ELECTION_VERBS = ['get', 'create', 'update'];
const EVERYBODY = groups('system:unauthenticated', 'system:authenticated');
const KUBE_SYSTEM_ACCOUNTS = accounts('*');
const CONTROLLER_MANAGER = users('system:kube-controller-manager');
const SCHEDULER = users('system:kube-scheduler');

export const PRIORITY_LEVELS: Bootstrap<PriorityLevelConfiguration> = {
  mandatory: [
    level(EXEMPT, { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }),
    level(CATCH_ALL, {
      type: 'Limited',
      limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' }, lendablePercent: 0 },
    }),
  ],
  suggested: [
    queuing('system', 30, 33, [64, 6, 50]),
    queuing('node-high', 40, 25, [64, 6, 50]),
    queuing('leader-election', 10, 0, [16, 4, 50]),
    queuing('workload-high', 40, 50, [128, 6, 50]),
    queuing('workload-low', 100, 90, [128, 6, 50]),
    queuing('global-default', 20, 50, [128, 6, 50]),
  ],
};

export const FLOW_SCHEMAS: Bootstrap<FlowSchema> = {
  mandatory: [
    schema(EXEMPT, EXEMPT, 1, undefined, everything(groups('system:masters'))),
    schema(CATCH_ALL, CATCH_ALL, 10_000, 'ByUser', everything(EVERYBODY)),
  ],
  suggested: [
    schema('system-nodes', 'system', 500, 'ByUser', everything(groups('system:nodes'))),
    schema('system-node-high', 'node-high', 400, 'ByUser', {
      subjects: groups('system:nodes'),
      resourceRules: [
        { ...rule(ALL, '', ['nodes', 'nodes/status']), clusterScope: true },
        rule(ALL, 'coordination.k8s.io', ['leases']),
      ],
    }),
    schema('probes', EXEMPT, 2, undefined, {
      subjects: EVERYBODY,
      nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
    }),
    schema('system-leader-election', 'leader-election', 100, 'ByUser', {
      subjects: [...CONTROLLER_MANAGER, ...SCHEDULER, ...KUBE_SYSTEM_ACCOUNTS],
      resourceRules: [rule(ELECTION_VERBS, 'coordination.k8s.io', ['leases'])],
    }),
    schema('endpoint-controller', 'workload-high', 150, 'ByUser', {
      subjects: [...CONTROLLER_MANAGER, ...accounts('endpoint-controller', 'endpointslicemirroring-controller')],
      resourceRules: [rule(ELECTION_VERBS, '', ['endpoints'])],
    }),
    schema('workload-leader-election', 'leader-election', 200, 'ByUser', {
      subjects: KUBE_SYSTEM_ACCOUNTS,
      resourceRules: [
        rule(ELECTION_VERBS, '', ['endpoints', 'configmaps']),
        rule(ELECTION_VERBS, 'coordination.k8s.io', ['leases']),
      ],
    }),
    schema('kube-controller-manager', 'workload-high', 800, 'ByNamespace', everything(CONTROLLER_MANAGER)),
    schema('kube-scheduler', 'workload-high', 800, 'ByNamespace', everything(SCHEDULER)),
    schema('kube-system-service-accounts', 'workload-high', 900, 'ByNamespace', everything(KUBE_SYSTEM_ACCOUNTS)),
    schema('service-accounts', 'workload-low', 9000, 'ByUser', everything(groups('system:serviceaccounts'))),
    schema('global-default', 'global-default', 9900, 'ByUser', everything(EVERYBODY)),
  ],
};

function level(name: string, spec: PriorityLevelConfiguration['spec']): PriorityLevelConfiguration {
  return { kind: 'PriorityLevelConfiguration', apiVersion: API_VERSION, metadata: metadata(name), spec };
}

function queuing(
  name: string,
  shares: number,
  lendablePercent: number,
  [queues, handSize, queueLengthLimit]: readonly [number, number, number],
): PriorityLevelConfiguration {
  return level(name, {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: shares,
      limitResponse: { type: 'Queue', queuing: { queues, handSize, queueLengthLimit } },
      lendablePercent,
    },
  });
}

function schema(
  name: string,
  levelName: string,
  matchingPrecedence: number,
  method: 'ByUser' | 'ByNamespace' | undefined,
  rules: PolicyRulesWithSubjects,
): FlowSchema {
  return {
    kind: 'FlowSchema',
    apiVersion: API_VERSION,
    metadata: metadata(name),
    spec: {
      priorityLevelConfiguration: { name: levelName },
      matchingPrecedence,
      ...(method ? { distinguisherMethod: { type: method } } : {}),
      rules: [rules],
    },
  };
}

function metadata(name: string): FlowSchema['metadata'] {
  return { name, annotations: { [AUTO_UPDATE]: 'true' } };
}

function everything(subjects: FlowcontrolV1Subject[]): PolicyRulesWithSubjects {
  return {
    subjects,
    resourceRules: [{ verbs: ALL, apiGroups: ALL, resources: ALL, clusterScope: true, namespaces: ALL }],
    nonResourceRules: [{ verbs: ALL, nonResourceURLs: ALL }],
  };
}

function rule(verbs: string[], group: string, resources: string[]): ResourcePolicyRule {
  return { verbs, apiGroups: [group], resources, namespaces: ALL };
}

function groups(...names: string[]): FlowcontrolV1Subject[] {
  return names.map((name) => ({ kind: 'Group', group: { name } }));
}

function users(...names: string[]): FlowcontrolV1Subject[] {
  return names.map((name) => ({ kind: 'User', user: { name } }));
}

function accounts(...names: string[]): FlowcontrolV1Subject[] {
  return names.map((name) => ({ kind: 'ServiceAccount', serviceAccount: { namespace: 'kube-system', name } }));
}

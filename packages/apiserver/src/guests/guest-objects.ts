/**
 * What a guest's namespace has in it from the beginning: a quota, limits, the baseline of PodSecurity, and the right to
 * edit there. Viewing elsewhere comes with the group regatta:guests (regatta-roles.json).
 */
import type { KubeObject } from '@regatta/api';
import type { GuestRecord } from './guest-record.ts';
import { type Power, powerRole } from './powers.ts';

/** On namespaces that an invitation made. */
export const GUEST_LABEL = 'regatta.dev/guests';
const QUOTA = 'regatta-guest';
const RBAC_GROUP = 'rbac.authorization.k8s.io';
const RBAC = `${RBAC_GROUP}/v1`;

/** Of a namespace, whoever writes there: also what controllers make for guests. */
export const GUEST_QUOTA: Readonly<Record<string, string>> = {
  pods: '30',
  'requests.cpu': '8',
  'requests.memory': '16Gi',
  'requests.storage': '50Gi',
  'count/configmaps': '30',
  'count/secrets': '30',
  'count/serviceaccounts': '20',
  'count/services': '20',
  'services.loadbalancers': '5',
  'services.nodeports': '10',
  'count/persistentvolumeclaims': '10',
  'count/replicationcontrollers': '20',
  'count/deployments.apps': '20',
  'count/replicasets.apps': '60',
  'count/statefulsets.apps': '20',
  'count/daemonsets.apps': '5',
  'count/jobs.batch': '30',
  'count/cronjobs.batch': '10',
  'count/ingresses.networking.k8s.io': '10',
  'count/networkpolicies.networking.k8s.io': '20',
  'count/poddisruptionbudgets.policy': '20',
  'count/horizontalpodautoscalers.autoscaling': '10',
};

export interface PlacedObject {
  readonly group: string;
  readonly resource: string;
  readonly object: KubeObject;
}

export function namespaceObjects(namespace: string): readonly PlacedObject[] {
  return [
    { group: '', resource: 'namespaces', object: namespaceOf(namespace) },
    { group: '', resource: 'resourcequotas', object: quota(namespace) },
    { group: '', resource: 'limitranges', object: limits(namespace) },
  ];
}

/** The right to edit, and each power. */
export function bindingsOf({ name, namespace, powers }: GuestRecord): readonly PlacedObject[] {
  const subjects = [{ kind: 'User', apiGroup: RBAC_GROUP, name }];
  const edit = {
    kind: 'RoleBinding',
    apiVersion: RBAC,
    metadata: { name: `regatta:guest:${name}`, namespace },
    roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: 'edit' },
    subjects,
  };
  return [
    { group: RBAC_GROUP, resource: 'rolebindings', object: edit as KubeObject },
    ...powers.map((power) => ({
      group: RBAC_GROUP,
      resource: 'clusterrolebindings',
      object: {
        kind: 'ClusterRoleBinding',
        apiVersion: RBAC,
        metadata: { name: powerBinding(name, power) },
        roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: powerRole(power) },
        subjects,
      } as KubeObject,
    })),
  ];
}

export function powerBinding(guest: string, power: Power): string {
  return `regatta:guest:${guest}:${power}`;
}

function namespaceOf(name: string): KubeObject {
  const labels = {
    'kubernetes.io/metadata.name': name,
    [GUEST_LABEL]: 'true',
    'pod-security.kubernetes.io/enforce': 'baseline',
  };
  return {
    kind: 'Namespace',
    apiVersion: 'v1',
    metadata: { name, labels },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  } as KubeObject;
}

/** With its status: it holds from the first moment on, before the controller has counted. */
function quota(namespace: string): KubeObject {
  const used = Object.fromEntries(Object.keys(GUEST_QUOTA).map((name) => [name, '0']));
  return {
    kind: 'ResourceQuota',
    apiVersion: 'v1',
    metadata: { name: QUOTA, namespace },
    spec: { hard: { ...GUEST_QUOTA } },
    status: { hard: { ...GUEST_QUOTA }, used },
  } as KubeObject;
}

function limits(namespace: string): KubeObject {
  const item = {
    type: 'Container',
    default: { cpu: '500m', memory: '256Mi' },
    defaultRequest: { cpu: '50m', memory: '64Mi' },
    max: { cpu: '4', memory: '8Gi' },
  };
  return {
    kind: 'LimitRange',
    apiVersion: 'v1',
    metadata: { name: QUOTA, namespace },
    spec: { limits: [item] },
  } as KubeObject;
}

/**
 * Rows of nodes, namespaces, events, configuration and access.
 */
import type {
  APIService,
  CertificateSigningRequest,
  ComponentStatus,
  ConfigMap,
  Event,
  KubeObject,
  Lease,
  Namespace,
  Node,
  PodCertificateRequest,
  PriorityClass,
  ResourceQuota,
  RoleBinding,
  RuntimeClass,
  Scale,
  Secret,
  ServiceAccount,
  StorageVersion,
} from '@regatta/api';
import { firstOf, formatLabels, NONE, sortedSet, UNSET } from '../format.ts';
import { humanDuration, since } from '../human-duration.ts';
import { type Cell, printer } from '../printer.ts';

const age = (object: KubeObject, now: number): string => since(object.metadata.creationTimestamp, now);
const size = (map: object | undefined): number => Object.keys(map ?? {}).length;

export const nodePrinter = printer<Node>(
  'Node',
  [
    'Name',
    'Status',
    'Roles',
    'Age',
    'Version',
    'Internal-IP*',
    'External-IP*',
    'OS-Image*',
    'Kernel-Version*',
    'Container-Runtime*',
  ],
  (o, now) => {
    const info = o.status?.nodeInfo;
    return [
      o.metadata.name,
      nodeStatus(o),
      nodeRoles(o).join(',') || NONE,
      age(o, now),
      info?.kubeletVersion ?? '',
      nodeAddress(o, 'InternalIP'),
      nodeAddress(o, 'ExternalIP'),
      info?.osImage || '<unknown>',
      kernelVersion(o),
      info?.containerRuntimeVersion || '<unknown>',
    ];
  },
);

function nodeStatus({ spec, status }: Node): string {
  const ready = (status?.conditions ?? []).find((c) => c.type === 'Ready');
  const state = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec.unschedulable ? `${state},SchedulingDisabled` : state;
}

const ROLE_PREFIX = 'node-role.kubernetes.io/';

function nodeRoles({ metadata }: Node): string[] {
  return sortedSet(
    Object.entries(metadata.labels ?? {}).flatMap(([key, value]) => {
      if (key.startsWith(ROLE_PREFIX)) return key.length > ROLE_PREFIX.length ? [key.slice(ROLE_PREFIX.length)] : [];
      return key === 'kubernetes.io/role' && value !== '' ? [value] : [];
    }),
  );
}

function nodeAddress({ status }: Node, type: string): string {
  return (status?.addresses ?? []).find((a) => a.type === type)?.address ?? NONE;
}

function kernelVersion({ status }: Node): string {
  const { kernelVersion: version = '', architecture = '' } = status?.nodeInfo ?? {};
  if (version === '') return '<unknown>';
  return architecture === '' ? version : `${version} (${architecture})`;
}

export const namespacePrinter = printer<Namespace>('Namespace', ['Name', 'Status', 'Age'], (o, now) => [
  o.metadata.name,
  o.status?.phase ?? '',
  age(o, now),
]);

export const secretPrinter = printer<Secret>('Secret', ['Name', 'Type', 'Data', 'Age'], (o, now) => [
  o.metadata.name,
  o.type ?? '',
  size(o.data),
  age(o, now),
]);

export const configMapPrinter = printer<ConfigMap>('ConfigMap', ['Name', 'Data', 'Age'], (o, now) => [
  o.metadata.name,
  size(o.data) + size(o.binaryData),
  age(o, now),
]);

export const serviceAccountPrinter = printer<ServiceAccount>('ServiceAccount', ['Name', 'Age'], (o, now) => [
  o.metadata.name,
  age(o, now),
]);

export const eventPrinter = printer<Event>(
  'Event',
  ['Last Seen', 'Type', 'Reason', 'Object', 'Subobject*', 'Source*', 'Message', 'First Seen*', 'Count*', 'Name*'],
  (o, now) => {
    const first = o.firstTimestamp ? since(o.firstTimestamp, now) : since(o.eventTime, now);
    const last = o.series
      ? since(o.series.lastObservedTime, now)
      : o.lastTimestamp
        ? since(o.lastTimestamp, now)
        : first;
    const { kind = '', name = '', fieldPath = '' } = o.involvedObject;
    return [
      last,
      o.type ?? '',
      o.reason ?? '',
      name === '' ? kind.toLowerCase() : `${kind.toLowerCase()}/${name}`,
      fieldPath,
      eventSource(o),
      (o.message ?? '').trim(),
      first,
      o.series ? (o.series.count ?? 0) : o.count || 1,
      o.metadata.name,
    ];
  },
);

function eventSource(event: Event): string {
  const component = event.source?.component || event.reportingComponent || '';
  const host = event.source?.host || event.reportingInstance || '';
  return host === '' ? component : `${component}, ${host}`;
}

export const leasePrinter = printer<Lease>('Lease', ['Name', 'Holder', 'Age'], (o, now) => [
  o.metadata.name,
  o.spec.holderIdentity ?? '',
  age(o, now),
]);

export const resourceQuotaPrinter = printer<ResourceQuota>(
  'ResourceQuota',
  ['Name', 'Request', 'Limit', 'Age'],
  (o, now) => {
    const { hard = {}, used = {} } = o.status ?? {};
    const names = Object.keys(hard).sort();
    const column = (wanted: (name: string) => boolean): string =>
      names
        .filter(wanted)
        .map((name) => `${name}: ${used[name] ?? '0'}/${hard[name]}`)
        .join(', ');
    const isLimit = (name: string): boolean => name.startsWith('limits');
    return [o.metadata.name, column((name) => !isLimit(name)), column(isLimit), age(o, now)];
  },
);

export const priorityClassPrinter = printer<PriorityClass>(
  'PriorityClass',
  ['Name', 'Value:integer', 'Global-Default:boolean', 'Age', 'PreemptionPolicy'],
  (o, now) => [o.metadata.name, o.value, o.globalDefault ?? false, age(o, now), o.preemptionPolicy ?? ''],
);

export const runtimeClassPrinter = printer<RuntimeClass>('RuntimeClass', ['Name', 'Handler', 'Age'], (o, now) => [
  o.metadata.name,
  o.handler,
  age(o, now),
]);

/** RoleBinding and ClusterRoleBinding alike. */
export const bindingPrinter = printer<RoleBinding>(
  'RoleBinding',
  ['Name', 'Role', 'Age', 'Users*', 'Groups*', 'ServiceAccounts*'],
  (o, now): Cell[] => {
    const subjects = (kind: string, name: (s: { name: string; namespace?: string }) => string): string =>
      (o.subjects ?? [])
        .filter((s) => s.kind === kind)
        .map(name)
        .join(', ');
    return [
      o.metadata.name,
      `${o.roleRef.kind}/${o.roleRef.name}`,
      age(o, now),
      subjects('User', (s) => s.name),
      subjects('Group', (s) => s.name),
      subjects('ServiceAccount', (s) => `${s.namespace ?? ''}/${s.name}`),
    ];
  },
);

export const certificateSigningRequestPrinter = printer<CertificateSigningRequest>(
  'CertificateSigningRequest',
  ['Name', 'Age', 'SignerName', 'Requestor', 'RequestedDuration', 'Condition'],
  (o, now) => [
    o.metadata.name,
    age(o, now),
    o.spec.signerName || NONE,
    o.spec.username ?? '',
    o.spec.expirationSeconds === undefined ? NONE : humanDuration(o.spec.expirationSeconds * 1000),
    csrCondition(o),
  ],
);

function csrCondition({ status }: CertificateSigningRequest): string {
  const has = (type: string): boolean => (status?.conditions ?? []).some((c) => c.type === type);
  const decision = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  return `${decision}${has('Failed') ? ',Failed' : ''}${status?.certificate ? ',Issued' : ''}`;
}

export const scalePrinter = printer<Scale & KubeObject>(
  'Scale',
  ['Name', 'Desired:integer', 'Available:integer', 'Age'],
  (o, now) => [o.metadata.name, o.spec?.replicas ?? 0, o.status?.replicas ?? 0, age(o, now)],
);

export const apiServicePrinter = printer<APIService>(
  'APIService',
  ['Name', 'Service', 'Available', 'Age'],
  (o, now) => {
    const { service } = o.spec;
    const where = service ? `${service.namespace ?? ''}/${service.name ?? ''}` : 'Local';
    return [o.metadata.name, where, apiServiceAvailable(o), age(o, now)];
  },
);

function apiServiceAvailable({ status }: APIService): string {
  const available = (status?.conditions ?? []).find((c) => c.type === 'Available');
  if (!available) return 'Unknown';
  return available.status !== 'True' && available.reason
    ? `${available.status} (${available.reason})`
    : available.status;
}

export const componentStatusPrinter = printer<ComponentStatus>(
  'ComponentStatus',
  ['Name', 'Status', 'Message', 'Error'],
  ({ metadata, conditions }) => {
    const healthy = conditions?.find(({ type }) => type === 'Healthy');
    const status = healthy === undefined ? 'Unknown' : healthy.status === 'True' ? 'Healthy' : 'Unhealthy';
    return [metadata.name, status, healthy?.message ?? '', healthy?.error ?? ''];
  },
);

export const storageVersionPrinter = printer<StorageVersion>(
  'StorageVersion',
  ['Name', 'CommonEncodingVersion', 'StorageVersions', 'Age'],
  (o, now) => {
    const servers = (o.status?.storageVersions ?? []).map((s) => `${s.apiServerID}=${s.encodingVersion}`);
    return [o.metadata.name, o.status?.commonEncodingVersion ?? UNSET, firstOf(servers, 3), age(o, now)];
  },
);

export const podCertificateRequestPrinter = printer<PodCertificateRequest>(
  'PodCertificateRequest',
  ['Name', 'PodName', 'ServiceAccountName', 'NodeName', 'SignerName', 'State', 'UnverifiedUserAnnotations'],
  ({ metadata, spec, status }) => {
    const decided = (status?.conditions ?? []).find(
      (c) => c.status === 'True' && /^(Denied|Failed|Issued)$/.test(c.type),
    );
    return [
      metadata.name,
      spec.podName,
      spec.serviceAccountName,
      spec.nodeName,
      spec.signerName,
      decided?.type ?? 'Pending',
      formatLabels(spec.unverifiedUserAnnotations),
    ];
  },
);

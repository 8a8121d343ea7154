/**
 * Rows of what runs Pods.
 */
import type {
  ControllerRevision,
  CronJob,
  DaemonSet,
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  KubeObject,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
  PodDisruptionBudget,
  PodTemplate,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from '@regatta/api';
import { containerCells, firstOf, formatBool, formatLabelSelector, formatLabels, NONE, UNSET } from '../format.ts';
import { humanDuration, since } from '../human-duration.ts';
import { printer } from '../printer.ts';

const age = (object: KubeObject, now: number): string => since(object.metadata.creationTimestamp, now);

export const deploymentPrinter = printer<Deployment>(
  'Deployment',
  ['Name', 'Ready', 'Up-to-date', 'Available', 'Age', 'Containers*', 'Images*', 'Selector*'],
  (o, now) => [
    o.metadata.name,
    `${o.status?.readyReplicas ?? 0}/${o.spec.replicas ?? 0}`,
    o.status?.updatedReplicas ?? 0,
    o.status?.availableReplicas ?? 0,
    age(o, now),
    ...containerCells(o.spec.template.spec?.containers),
    formatLabelSelector(o.spec.selector),
  ],
);

const REPLICA_COLUMNS = [
  'Name',
  'Desired:integer',
  'Current:integer',
  'Ready:integer',
  'Age',
  'Containers*',
  'Images*',
  'Selector*',
];

export const replicaSetPrinter = printer<ReplicaSet>('ReplicaSet', REPLICA_COLUMNS, (o, now) => [
  o.metadata.name,
  o.spec.replicas ?? 0,
  o.status?.replicas ?? 0,
  o.status?.readyReplicas ?? 0,
  age(o, now),
  ...containerCells(o.spec.template?.spec?.containers),
  formatLabelSelector(o.spec.selector),
]);

export const replicationControllerPrinter = printer<ReplicationController>(
  'ReplicationController',
  REPLICA_COLUMNS,
  (o, now) => [
    o.metadata.name,
    o.spec.replicas ?? 0,
    o.status?.replicas ?? 0,
    o.status?.readyReplicas ?? 0,
    age(o, now),
    ...containerCells(o.spec.template?.spec?.containers),
    formatLabels(o.spec.selector),
  ],
);

export const daemonSetPrinter = printer<DaemonSet>(
  'DaemonSet',
  [
    'Name',
    'Desired:integer',
    'Current:integer',
    'Ready:integer',
    'Up-to-date:integer',
    'Available:integer',
    'Node Selector',
    'Age',
    'Containers*',
    'Images*',
    'Selector*',
  ],
  (o, now) => [
    o.metadata.name,
    o.status?.desiredNumberScheduled ?? 0,
    o.status?.currentNumberScheduled ?? 0,
    o.status?.numberReady ?? 0,
    o.status?.updatedNumberScheduled ?? 0,
    o.status?.numberAvailable ?? 0,
    formatLabels(o.spec.template.spec?.nodeSelector),
    age(o, now),
    ...containerCells(o.spec.template.spec?.containers),
    formatLabelSelector(o.spec.selector),
  ],
);

export const statefulSetPrinter = printer<StatefulSet>(
  'StatefulSet',
  ['Name', 'Ready', 'Age', 'Containers*', 'Images*'],
  (o, now) => [
    o.metadata.name,
    `${o.status?.readyReplicas ?? 0}/${o.spec.replicas ?? 0}`,
    age(o, now),
    ...containerCells(o.spec.template.spec?.containers),
  ],
);

export const jobPrinter = printer<Job>(
  'Job',
  ['Name', 'Status', 'Completions', 'Duration', 'Age', 'Containers*', 'Images*', 'Selector*'],
  (o, now) => [
    o.metadata.name,
    jobStatus(o),
    jobCompletions(o),
    jobDuration(o, now),
    age(o, now),
    ...containerCells(o.spec.template.spec?.containers),
    formatLabelSelector(o.spec.selector),
  ],
);

function jobStatus(job: Job): string {
  const has = (type: string): boolean =>
    (job.status?.conditions ?? []).some((c) => c.type === type && c.status === 'True');
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp) return 'Terminating';
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(has) ?? 'Running';
}

function jobCompletions({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`;
  return (spec.parallelism ?? 0) > 1 ? `${succeeded}/1 of ${spec.parallelism}` : `${succeeded}/1`;
}

function jobDuration({ status }: Job, now: number): string {
  if (!status?.startTime) return '';
  return humanDuration(
    (status.completionTime ? Date.parse(status.completionTime) : now) - Date.parse(status.startTime),
  );
}

export const cronJobPrinter = printer<CronJob>(
  'CronJob',
  [
    'Name',
    'Schedule',
    'Timezone',
    'Suspend:boolean',
    'Active:integer',
    'Last Schedule',
    'Age',
    'Containers*',
    'Images*',
    'Selector*',
  ],
  (o, now) => [
    o.metadata.name,
    o.spec.schedule,
    o.spec.timeZone ?? NONE,
    formatBool(o.spec.suspend),
    o.status?.active?.length ?? 0,
    o.status?.lastScheduleTime ? since(o.status.lastScheduleTime, now) : NONE,
    age(o, now),
    ...containerCells(o.spec.jobTemplate.spec?.template.spec?.containers),
    formatLabelSelector(o.spec.jobTemplate.spec?.selector),
  ],
);

export const podTemplatePrinter = printer<PodTemplate>(
  'PodTemplate',
  ['Name', 'Containers', 'Images', 'Pod Labels'],
  (o) => [o.metadata.name, ...containerCells(o.template?.spec?.containers), formatLabels(o.template?.metadata?.labels)],
);

export const controllerRevisionPrinter = printer<ControllerRevision>(
  'ControllerRevision',
  ['Name', 'Controller', 'Revision', 'Age'],
  (o, now) => {
    const owner = (o.metadata.ownerReferences ?? []).find((r) => r.controller);
    return [o.metadata.name, owner ? ownerName(owner) : NONE, o.revision, age(o, now)];
  },
);

function ownerName({ apiVersion, kind, name }: { apiVersion: string; kind: string; name: string }): string {
  const group = apiVersion.includes('/') ? `.${apiVersion.slice(0, apiVersion.indexOf('/'))}` : '';
  return `${kind.toLowerCase()}${group}/${name}`;
}

export const podDisruptionBudgetPrinter = printer<PodDisruptionBudget>(
  'PodDisruptionBudget',
  ['Name', 'Min Available', 'Max Unavailable', 'Allowed Disruptions:integer', 'Age'],
  (o, now) => [
    o.metadata.name,
    String(o.spec.minAvailable ?? 'N/A'),
    String(o.spec.maxUnavailable ?? 'N/A'),
    o.status?.disruptionsAllowed ?? 0,
    age(o, now),
  ],
);

export const horizontalPodAutoscalerPrinter = printer<HorizontalPodAutoscaler>(
  'HorizontalPodAutoscaler',
  ['Name', 'Reference', 'Targets', 'MinPods', 'MaxPods', 'Replicas', 'Age'],
  (o, now) => [
    o.metadata.name,
    `${o.spec.scaleTargetRef.kind}/${o.spec.scaleTargetRef.name}`,
    metricTargets(o.spec.metrics ?? [], o.status?.currentMetrics ?? []),
    o.spec.minReplicas === undefined ? UNSET : String(o.spec.minReplicas),
    o.spec.maxReplicas,
    o.status?.currentReplicas ?? 0,
    age(o, now),
  ],
);

function metricTargets(specs: readonly MetricSpec[], statuses: readonly MetricStatus[]): string {
  if (specs.length === 0) return NONE;
  return firstOf(
    specs.map((spec, i) => metricTarget(spec, statuses[i])),
    2,
    ', ',
  );
}

function metricTarget(spec: MetricSpec, status: MetricStatus | undefined): string {
  switch (spec.type) {
    case 'External':
      return valueTarget(spec.external?.target, status?.external?.current);
    case 'Object':
      return valueTarget(spec.object?.target, status?.object?.current);
    case 'Pods':
      return `${status?.pods?.current.averageValue ?? '<unknown>'}/${spec.pods?.target.averageValue ?? ''}`;
    case 'Resource':
      return `${spec.resource?.name}: ${resourceTarget(spec.resource?.target, status?.resource?.current)}`;
    case 'ContainerResource': {
      const target = resourceTarget(spec.containerResource?.target, status?.containerResource?.current);
      return `${spec.containerResource?.name}: ${target}`;
    }
    default:
      return '<unknown type>';
  }
}

function valueTarget(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? '<unknown>'}/${target.averageValue} (avg)`;
  return `${current?.value ?? '<unknown>'}/${target?.value ?? ''}`;
}

function resourceTarget(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? '<unknown>'}/${target.averageValue}`;
  const percent = (value: number | undefined, otherwise: string): string =>
    value === undefined ? otherwise : `${value}%`;
  return `${percent(current?.averageUtilization, '<unknown>')}/${percent(target?.averageUtilization, '<auto>')}`;
}

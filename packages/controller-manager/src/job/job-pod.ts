/**
 * A Pod as its Job sees it: the finalizer that keeps it until it is counted, its completion index, whether it failed
 * (pkg/controller/job/job_controller.go, tracking_utils.go, indexed_job_utils.go).
 */
import type { Container, Job, OwnerReference, Pod, PodTemplateSpec } from '@regatta/api';
import { podFromTemplate } from '../pods/pod-control.ts';
import { matchFailurePolicy } from './pod-failure-policy.ts';

export const TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking';
export const COMPLETION_INDEX = 'batch.kubernetes.io/job-completion-index';
const FAILURE_COUNT = 'batch.kubernetes.io/job-index-failure-count';
const IGNORED_FAILURE_COUNT = 'batch.kubernetes.io/job-index-ignored-failure-count';
const INDEX_VARIABLE = 'JOB_COMPLETION_INDEX';
/** What is left of a name's 63 characters beside the five random ones. */
const MAX_PREFIX = 58;

export function isIndexed({ spec }: Job): boolean {
  return spec.completionMode === 'Indexed';
}

export function hasLimitPerIndex(job: Job): boolean {
  return isIndexed(job) && job.spec.backoffLimitPerIndex !== undefined;
}

/** Whether Pods are replaced only once they have ended, not when they begin to. */
export function replacesOnlyFailed({ spec }: Job): boolean {
  return spec.podReplacementPolicy === 'Failed' || spec.podFailurePolicy !== undefined;
}

export function isTracked({ metadata }: Pod): boolean {
  return metadata.finalizers?.includes(TRACKING_FINALIZER) ?? false;
}

/** The patch that lets go of a Pod. */
export const UNTRACK = { metadata: { '$deleteFromPrimitiveList/finalizers': [TRACKING_FINALIZER] } };

/** undefined when the Pod has none. */
export function completionIndexOf({ metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[COMPLETION_INDEX] ?? '';
  return /^\+?\d+$/.test(text) ? Number(text) : undefined;
}

/** The index of a Pod that the Job still counts with. */
export function validIndexOf(job: Job, pod: Pod): number | undefined {
  const index = completionIndexOf(pod);
  return index !== undefined && index < (job.spec.completions ?? 0) ? index : undefined;
}

/** Failed, or on the way out: a Pod whose node is gone may never reach Failed. */
export function isPodFailed(job: Job, { metadata, status }: Pod): boolean {
  if (status?.phase === 'Failed') return true;
  if (replacesOnlyFailed(job)) return false;
  return metadata.deletionTimestamp !== undefined && status?.phase !== 'Succeeded';
}

/** How often Pods of its index failed before it. */
export function failuresBefore(pod: Pod): number {
  return countIn(pod, FAILURE_COUNT);
}

/** The same with failures that the policy ignores. */
export function allFailuresBefore(pod: Pod): number {
  return countIn(pod, FAILURE_COUNT) + countIn(pod, IGNORED_FAILURE_COUNT);
}

/** Whether the index of this failed Pod will not be tried again. */
export function isIndexFailed(job: Job, pod: Pod): boolean {
  if (!isPodFailed(job, pod)) return false;
  const { action, counts } = matchFailurePolicy(job.spec.podFailurePolicy, pod);
  if (action === 'FailIndex') return true;
  return counts && failuresBefore(pod) >= (job.spec.backoffLimitPerIndex ?? 0);
}

export function jobPod(job: Job, reference: OwnerReference): Pod {
  return tracked(podFromTemplate(job.spec.template, job, reference));
}

/** @param replaced the Pod of the same index that failed */
export function indexedPod(job: Job, reference: OwnerReference, index: number, replaced: Pod | undefined): Pod {
  const { name } = job.metadata;
  const pod = jobPod({ ...job, spec: { ...job.spec, template: withIndexVariable(job.spec.template) } }, reference);
  const counts = hasLimitPerIndex(job) ? failureCounts(job, replaced) : {};
  const suffix = `-${index}-`;
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      generateName: name.slice(0, MAX_PREFIX - suffix.length) + suffix,
      labels: { ...pod.metadata.labels, [COMPLETION_INDEX]: `${index}` },
      annotations: { ...pod.metadata.annotations, [COMPLETION_INDEX]: `${index}`, ...counts },
    },
    spec: { ...pod.spec, hostname: `${name}-${index}` },
  };
}

function tracked(pod: Pod): Pod {
  const { finalizers = [] } = pod.metadata;
  if (finalizers.includes(TRACKING_FINALIZER)) return pod;
  return { ...pod, metadata: { ...pod.metadata, finalizers: [...finalizers, TRACKING_FINALIZER] } };
}

function withIndexVariable({ metadata, spec }: PodTemplateSpec): PodTemplateSpec {
  const containers = (spec?.containers ?? []).map(withVariable);
  const initContainers = spec?.initContainers?.map(withVariable);
  return { metadata, spec: { ...spec, containers, ...(initContainers ? { initContainers } : {}) } };
}

function withVariable(container: Container): Container {
  const { env = [] } = container;
  if (env.some(({ name }) => name === INDEX_VARIABLE)) return container;
  const fieldRef = { fieldPath: `metadata.labels['${COMPLETION_INDEX}']` };
  return { ...container, env: [...env, { name: INDEX_VARIABLE, valueFrom: { fieldRef } }] };
}

function failureCounts(job: Job, replaced: Pod | undefined): Record<string, string> {
  if (!replaced) return { [FAILURE_COUNT]: '0' };
  const { counts } = matchFailurePolicy(job.spec.podFailurePolicy, replaced);
  const failures = failuresBefore(replaced) + (counts ? 1 : 0);
  const ignored = countIn(replaced, IGNORED_FAILURE_COUNT) + (counts ? 0 : 1);
  return { [FAILURE_COUNT]: `${failures}`, ...(ignored > 0 ? { [IGNORED_FAILURE_COUNT]: `${ignored}` } : {}) };
}

function countIn({ metadata }: Pod, annotation: string): number {
  const text = metadata.annotations?.[annotation] ?? '';
  return /^\d+$/.test(text) ? Number(text) : 0;
}

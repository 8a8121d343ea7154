/**
 * The Pods of a StatefulSet: their names, identity and state (pkg/controller/statefulset/stateful_set_utils.go). Pure.
 */
import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet, Volume } from '@regatta/api';
import { resources } from '@regatta/client';
import type { ClusterClock } from '@regatta/runtime';
import { templateOf } from '../history/controller-history.ts';
import { controllerRefTo } from '../ownership/controller-ref.ts';
import { isPodAvailable, isPodReady } from '../pods/pod-conditions.ts';
import { podFromTemplate } from '../pods/pod-control.ts';

export const REVISION_LABEL = 'controller-revision-hash';
const POD_NAME = 'statefulset.kubernetes.io/pod-name';
const POD_INDEX = 'apps.kubernetes.io/pod-index';

export function startOrdinal({ spec }: StatefulSet): number {
  return spec.ordinals?.start ?? 0;
}

/** One past the last ordinal that the set wants. */
export function endOrdinal(set: StatefulSet): number {
  return startOrdinal(set) + (set.spec.replicas ?? 1);
}

export function podName({ metadata }: StatefulSet, ordinal: number): string {
  return `${metadata.name}-${ordinal}`;
}

/** The Pod's ordinal in the set; undefined for a Pod that is not named for it. */
export function ordinalOf({ metadata }: StatefulSet, pod: Pod): number | undefined {
  const { name } = pod.metadata;
  const digits = name.startsWith(`${metadata.name}-`) ? name.slice(metadata.name.length + 1) : '';
  return /^(0|[1-9][0-9]*)$/.test(digits) ? Number(digits) : undefined;
}

export function revisionNameOf(pod: Pod): string | undefined {
  return pod.metadata.labels?.[REVISION_LABEL];
}

export function newStatefulPod(set: StatefulSet, ordinal: number, revision: ControllerRevision): Pod {
  const name = podName(set, ordinal);
  const pod = podFromTemplate(templateOf(revision), set, controllerRefTo(set, resources.statefulSets));
  const { serviceName } = set.spec;
  const labels = { ...pod.metadata.labels, ...identityLabels(name, ordinal), [REVISION_LABEL]: revision.metadata.name };
  return {
    ...pod,
    metadata: { ...pod.metadata, name, labels },
    spec: {
      ...pod.spec,
      hostname: name,
      ...(serviceName ? { subdomain: serviceName } : {}),
      ...volumesOf(set, pod, ordinal),
    },
  };
}

/** Labels that the Pod lacks to be found under its name; undefined when it has them. */
export function missingIdentity(set: StatefulSet, pod: Pod): Record<string, string> | undefined {
  const ordinal = ordinalOf(set, pod) ?? 0;
  const labels = identityLabels(pod.metadata.name, ordinal);
  const isComplete = Object.entries(labels).every(([key, value]) => pod.metadata.labels?.[key] === value);
  return isComplete ? undefined : { ...pod.metadata.labels, ...labels };
}

export function claimName(template: PersistentVolumeClaim, set: StatefulSet, ordinal: number): string {
  return `${template.metadata.name}-${podName(set, ordinal)}`;
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

export function isRunningAndReady(pod: Pod): boolean {
  return pod.status?.phase === 'Running' && isPodReady(pod);
}

export function isRunningAndAvailable(set: StatefulSet, pod: Pod, clock: ClusterClock): boolean {
  return pod.status?.phase === 'Running' && isPodAvailable(pod, set.spec.minReadySeconds ?? 0, clock);
}

/** Ready, and meant to stay: what an ordered set waits for before it goes on. */
export function isHealthy(pod: Pod): boolean {
  return isRunningAndReady(pod) && !isTerminating(pod);
}

function identityLabels(name: string, ordinal: number): Record<string, string> {
  return { [POD_NAME]: name, [POD_INDEX]: String(ordinal) };
}

/** Volumes of the claims stand before the template's and replace those of their names. */
function volumesOf(set: StatefulSet, pod: Pod, ordinal: number): { volumes?: Volume[] } {
  const claims = (set.spec.volumeClaimTemplates ?? []).map((template) => ({
    name: template.metadata.name,
    persistentVolumeClaim: { claimName: claimName(template, set, ordinal) },
  }));
  const names = new Set(claims.map(({ name }) => name));
  const others = (pod.spec.volumes ?? []).filter(({ name }) => !names.has(name));
  return claims.length + others.length === 0 ? {} : { volumes: [...claims, ...others] };
}

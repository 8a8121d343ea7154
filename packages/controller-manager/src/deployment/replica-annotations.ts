/**
 * What a Deployment notes on its ReplicaSets: revisions, and the sizes it had in mind
 * (pkg/controller/deployment/util/deployment_util.go). Pure.
 */
import type { Deployment, ObjectMeta, ReplicaSet } from '@regatta/api';

export const REVISION = 'deployment.kubernetes.io/revision';
export const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';

/** These are about the Deployment, or differ between it and its ReplicaSets. */
const NOT_COPIED: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  'deprecated.deployment.rollback.to',
]);

const HISTORY_LIMIT_CHARS = 2000;

type Annotations = Record<string, string>;

/** 0 for an object without one. */
export function revisionOf({ metadata }: { readonly metadata: ObjectMeta }): number {
  return numberIn(metadata, REVISION) ?? 0;
}

export function maxRevision(sets: readonly ReplicaSet[]): number {
  return Math.max(0, ...sets.map(revisionOf));
}

export function desiredReplicasOf(set: ReplicaSet): number | undefined {
  return numberIn(set.metadata, DESIRED_REPLICAS);
}

export function maxReplicasOf(set: ReplicaSet): number {
  return numberIn(set.metadata, MAX_REPLICAS) ?? 0;
}

export function sizeAnnotations(desired: number, max: number): Annotations {
  return { [DESIRED_REPLICAS]: String(desired), [MAX_REPLICAS]: String(max) };
}

/** The annotations of a new ReplicaSet as its Deployment wants them; undefined when it has them already. */
export function newSetAnnotations(
  deployment: Deployment,
  current: Annotations | undefined,
  revision: number,
): Annotations | undefined {
  const own = current ?? {};
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !NOT_COPIED.has(key));
  const next = { ...own, ...Object.fromEntries(copied), ...revisionAnnotations(own, revision) };
  return Object.entries(next).every(([key, value]) => own[key] === value) ? undefined : next;
}

/** A template that comes back (a rollback) gets the next revision; the one it had goes into its history. */
function revisionAnnotations(own: Annotations, revision: number): Annotations {
  const old = own[REVISION];
  if (old !== undefined && Number(old) >= revision) return {};
  if (old === undefined) return { [REVISION]: String(revision) };
  return { [REVISION]: String(revision), [REVISION_HISTORY]: appendRevision(own[REVISION_HISTORY], old) };
}

function appendRevision(history: string | undefined, revision: string): string {
  if (!history) return revision;
  const revisions = [...history.split(','), revision];
  while (revisions.join(',').length > HISTORY_LIMIT_CHARS) revisions.shift();
  return revisions.join(',');
}

function numberIn({ annotations }: ObjectMeta, key: string): number | undefined {
  const text = annotations?.[key];
  const value = text === undefined ? Number.NaN : Number(text);
  return Number.isInteger(value) ? value : undefined;
}

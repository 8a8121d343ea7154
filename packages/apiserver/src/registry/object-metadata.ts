/**
 * The metadata that the server owns (upstream: staging/src/k8s.io/apiserver/pkg/registry/rest/{meta,create,update}.go).
 */
import { type KubeObject, statusErrors } from '@regatta/api';
import { type Random, randomSuffix } from '@regatta/runtime';
import { timestamp } from './write-request.ts';

const MAX_NAME = 63;
const SUFFIX = 5;

/** The namespace of the URL wins where the object names none; another one is refused. @throws StatusError 400 */
export function ensureNamespace(object: KubeObject, namespace: string): void {
  const own = object.metadata.namespace ?? '';
  if (own === namespace) return;
  if (namespace === '') {
    delete object.metadata.namespace;
    return;
  }
  if (own === '') {
    object.metadata.namespace = namespace;
    return;
  }
  throw statusErrors.badRequest(
    'the namespace of the provided object does not match the namespace sent on the request',
  );
}

/** A new object's identity. */
export function fillSystemFields(object: KubeObject, now: number, random: Random): void {
  const { metadata } = object;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
  delete metadata.resourceVersion;
  delete metadata.generation;
  metadata.uid = random.uuid();
  metadata.creationTimestamp = timestamp(now);
}

export function generateName(base: string, random: Random): string {
  return base.slice(0, MAX_NAME - SUFFIX) + randomSuffix(random, SUFFIX);
}

/** What no update changes: carried over from the object that stands. */
export function carryOverSystemFields(object: KubeObject, old: KubeObject): void {
  const { metadata } = object;
  const before = old.metadata;
  if (!metadata.uid && before.uid) metadata.uid = before.uid;
  if (before.creationTimestamp) metadata.creationTimestamp = before.creationTimestamp;
  if (before.generation === undefined) delete metadata.generation;
  else metadata.generation = before.generation;
  if (before.deletionTimestamp === undefined) delete metadata.deletionTimestamp;
  else metadata.deletionTimestamp = before.deletionTimestamp;
  if (before.deletionGracePeriodSeconds === undefined) delete metadata.deletionGracePeriodSeconds;
  else metadata.deletionGracePeriodSeconds = before.deletionGracePeriodSeconds;
  delete metadata.selfLink;
}

/** Equal entries of ownerReferences are one (upstream: dedupOwnerReferencesAndAddWarning). */
export function dedupOwnerReferences(object: KubeObject, warn: (text: string) => void): void {
  const { ownerReferences } = object.metadata;
  if (ownerReferences === undefined || ownerReferences.length < 2) return;
  const seen = new Map<string, NonNullable<typeof ownerReferences>[number]>();
  for (const reference of ownerReferences) {
    const key = JSON.stringify([reference.apiVersion, reference.kind, reference.name, reference.uid]);
    if (!seen.has(key)) seen.set(key, reference);
  }
  if (seen.size === ownerReferences.length) return;
  const duplicates = ownerReferences.map((reference) => reference.uid).filter((uid, i, all) => all.indexOf(uid) !== i);
  warn(
    `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${[...new Set(duplicates)].join(', ')}`,
  );
  object.metadata.ownerReferences = [...seen.values()];
}

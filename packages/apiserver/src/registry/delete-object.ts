/**
 * Deleting an object: at once, gracefully, or when its finalizers are done
 * (upstream: Delete of staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go and registry/rest/delete.go).
 *
 * Worked example: a Pod with a grace period of 30 s gets deletionTimestamp = now + 30 s of cluster time and is answered;
 * the node's second delete with period 0 moves the timestamp back and removes it. A ConfigMap without finalizers is
 * removed by the first delete.
 */
import { type KubeObject, statusErrors } from '@regatta/api';
import type { ClusterClock } from '@regatta/runtime';
import { OPTIMISTIC_LOCK } from '../server/status-response.ts';
import { StorageError, type StoredObject } from '../storage/object-storage.ts';
import { askedOf, checkPreconditions, type DeleteOptions, finalizersForGarbageCollection } from './delete-options.ts';
import { markNamespaceTerminating, namespaceGoesNow } from './namespace-deletion.ts';
import type { Resource } from './resource.ts';
import { admissionAttributes, type Registry, storageOf, timestamp, type WriteRequest } from './write-request.ts';

export interface Deleted {
  /** Gone, or on its way. */
  readonly object: KubeObject;
  readonly stored?: StoredObject;
  /** False while grace or finalizers keep it. */
  readonly gone: boolean;
}

/** What a delete makes of an object. */
type Verdict =
  | { readonly step: 'remove' }
  /** Nothing to change: a deletion is under way already. */
  | { readonly step: 'pending' }
  /** Stored first; removed right after when `thenRemove`. */
  | { readonly step: 'mark'; readonly object: KubeObject; readonly thenRemove: boolean };

export async function deleteObject(
  registry: Registry,
  request: WriteRequest,
  options: DeleteOptions,
): Promise<Deleted> {
  const { resource } = request;
  const key = resource.key(request.namespace, request.name);
  const storage = storageOf(registry, resource);
  const current = await storage.fetch(key);
  if (!current) throw statusErrors.notFound(resource, request.name);
  checkPreconditions(options, current.object, resource.hub.group, resource.hub.kind);
  if (options.dryRun) return rehearse(registry, request, options, current);
  const last: { verdict: Verdict } = { verdict: { step: 'remove' } };
  try {
    const first = await storage.update(key, async (standing) => {
      if (!standing) throw statusErrors.notFound(resource, request.name);
      checkPreconditions(options, standing.object, resource.hub.group, resource.hub.kind);
      await validateDeletion(registry, request, options, standing.object);
      const verdict = verdictOn(registry, request, options, standing.object);
      last.verdict = verdict;
      if (verdict.step === 'mark') return verdict.object;
      return verdict.step === 'remove' ? 'delete' : 'unchanged';
    });
    const { verdict } = last;
    if (verdict.step === 'mark' && verdict.thenRemove) return await remove(registry, request, first.stored);
    const gone = first.outcome === 'deleted';
    if (gone) resource.strategy.afterDelete?.(first.stored.object, { server: registry.server });
    return { object: first.stored.object, stored: first.stored, gone };
  } catch (error) {
    if (error instanceof StorageError) throw statusErrors.conflict(resource, request.name, OPTIMISTIC_LOCK);
    throw error;
  }
}

/** Removes what was just marked, unless a finalizer came in between. */
async function remove(registry: Registry, request: WriteRequest, marked: StoredObject): Promise<Deleted> {
  const { resource } = request;
  const { stored, outcome } = await storageOf(registry, resource).update(marked.key, (standing) => {
    if (!standing || standing.object.metadata.uid !== marked.object.metadata.uid) {
      throw statusErrors.notFound(resource, request.name);
    }
    return (standing.object.metadata.finalizers?.length ?? 0) > 0 ? 'unchanged' : 'delete';
  });
  if (outcome === 'deleted') resource.strategy.afterDelete?.(stored.object, { server: registry.server });
  return { object: stored.object, stored, gone: outcome === 'deleted' };
}

async function rehearse(
  registry: Registry,
  request: WriteRequest,
  options: DeleteOptions,
  current: StoredObject,
): Promise<Deleted> {
  await validateDeletion(registry, request, options, current.object);
  const verdict = verdictOn(registry, request, options, current.object);
  if (verdict.step === 'mark') return { object: verdict.object, gone: verdict.thenRemove };
  return { object: current.object, stored: current, gone: verdict.step === 'remove' };
}

async function validateDeletion(
  registry: Registry,
  request: WriteRequest,
  options: DeleteOptions,
  object: KubeObject,
): Promise<void> {
  const attributes = admissionAttributes(request, 'DELETE', undefined, object, askedOf(options));
  const mutating = registry.admission.mutate(attributes);
  if (mutating) await mutating;
  const validating = registry.admission.validate(attributes);
  if (validating) await validating;
}

function verdictOn(registry: Registry, request: WriteRequest, options: DeleteOptions, standing: KubeObject): Verdict {
  const { resource } = request;
  const { clock } = registry.server;
  const object = prepared(resource, standing, timestamp(clock.now()));
  const finalizers = finalizersForGarbageCollection(object, options, resource.garbageCollection);
  if (resource.hub.group === '' && resource.hub.resource === 'namespaces') {
    const marked = markNamespaceTerminating(object, finalizers, timestamp(clock.now()));
    if (namespaceGoesNow(marked ?? object)) return { step: 'remove' };
    return marked ? { step: 'mark', object: marked, thenRemove: false } : { step: 'pending' };
  }
  const graceful = gracefully(resource.strategy.gracePeriod, object, options, clock);
  if (graceful === 'pending') return { step: 'pending' };
  const held = finalizers ?? object.metadata.finalizers ?? [];
  if (graceful === undefined) {
    if (held.length === 0) return { step: 'remove' };
    const marked = withFinalizers(marking(object, clock), finalizers);
    return marked === object ? { step: 'pending' } : { step: 'mark', object: marked, thenRemove: false };
  }
  const marked = withFinalizers(graceful.object, finalizers);
  return { step: 'mark', object: marked, thenRemove: held.length === 0 && graceful.seconds <= 0 };
}

function prepared({ strategy }: Resource, object: KubeObject, now: string): KubeObject {
  if (!strategy.prepareForDelete || object.metadata.deletionTimestamp !== undefined) return object;
  return strategy.prepareForDelete(object, now);
}

type GracePeriod = ((object: KubeObject, requested: number | undefined) => number | undefined) | undefined;

/** The object with its deletion scheduled; `pending` when a deletion under way stays as it is; undefined without grace. */
function gracefully(
  gracePeriod: GracePeriod,
  object: KubeObject,
  options: DeleteOptions,
  clock: ClusterClock,
): { readonly object: KubeObject; readonly seconds: number } | 'pending' | undefined {
  if (!gracePeriod) return undefined;
  const { metadata } = object;
  if (metadata.deletionTimestamp !== undefined) {
    const standing = metadata.deletionGracePeriodSeconds;
    // Its grace is over. It stands here for its finalizers, or because the server died between marking and removing it.
    if (standing === undefined || standing === 0) return undefined;
    // Only a shorter period may be asked for.
    const asked = options.gracePeriodSeconds;
    if (asked === undefined || asked >= standing) return 'pending';
    const start = beginOfDeletion(metadata.deletionTimestamp, standing, clock);
    return { object: scheduled(object, start, asked, clock), seconds: asked };
  }
  const seconds = gracePeriod(object, options.gracePeriodSeconds);
  if (seconds === undefined) return undefined;
  return { object: bumped(scheduled(object, clock.now(), seconds, clock)), seconds };
}

/**
 * When a deletion was asked for. Its deletionTimestamp was foretold by the speed of that moment, which may have changed
 * since: of the stretches of the timeline the latest one that holds the beginning it would lead to.
 */
export function beginOfDeletion(deletionTimestamp: string, graceSeconds: number, clock: ClusterClock): number {
  const { segments } = clock.timeline;
  for (const [i, { from, speed }] of [...segments.entries()].reverse()) {
    const begin = Date.parse(deletionTimestamp) - (graceSeconds * 1000) / foretoldSpeed(speed);
    const end = segments[i + 1]?.from ?? clock.now();
    // Timestamps are cut to whole seconds.
    if (begin >= from - 1000 && begin <= end) return Math.max(begin, from);
  }
  return clock.now();
}

/** In a pause nothing can be foretold: then as if the cluster ran in real time. */
function foretoldSpeed(speed: number): number {
  return speed > 0 ? speed : 1;
}

/** deletionTimestamp is a real instant; the grace period is cluster time. */
function scheduled(object: KubeObject, start: number, seconds: number, clock: ClusterClock): KubeObject {
  const due = clock.instantAfter(start, seconds * 1000);
  const instant = Number.isFinite(due) ? due : start + seconds * 1000;
  return {
    ...object,
    metadata: { ...object.metadata, deletionTimestamp: timestamp(instant), deletionGracePeriodSeconds: seconds },
  };
}

/** A kind without grace that finalizers hold (upstream: markAsDeleting). */
function marking(object: KubeObject, clock: ClusterClock): KubeObject {
  const { metadata } = object;
  if (metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0) return object;
  const first = metadata.deletionGracePeriodSeconds === undefined;
  const deletionTimestamp = metadata.deletionTimestamp ?? timestamp(clock.now());
  const marked = { ...object, metadata: { ...metadata, deletionTimestamp, deletionGracePeriodSeconds: 0 } };
  return first ? bumped(marked) : marked;
}

/** The first sign of a deletion counts as a change of what is wanted. */
function bumped(object: KubeObject): KubeObject {
  const { generation } = object.metadata;
  if (generation === undefined || generation === 0) return object;
  return { ...object, metadata: { ...object.metadata, generation: generation + 1 } };
}

function withFinalizers(object: KubeObject, finalizers: string[] | undefined): KubeObject {
  if (finalizers === undefined) return object;
  const { finalizers: _old, ...metadata } = object.metadata;
  return { ...object, metadata: finalizers.length > 0 ? { ...metadata, finalizers } : metadata };
}

/**
 * Updating an object (upstream: Update of staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go and
 * registry/rest/update.go): PUT, PATCH, and the subresources that write the object itself.
 *
 * Invariants: the state that stands is never changed in place; a write that changes nothing is not stored and keeps its
 * resourceVersion; an object that is being deleted goes when its last finalizer does.
 */
import {
  type FieldError,
  FieldPath,
  fieldErrors,
  jsonEqual,
  type KubeObject,
  statusErrors,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from '@regatta/api';
import { OPTIMISTIC_LOCK } from '../server/status-response.ts';
import { StorageError, type StoredObject } from '../storage/object-storage.ts';
import { allocate, prepareNewObject } from './create-object.ts';
import { changesNothing, recordOwners } from './field-ownership.ts';
import { finalizerNameErrors } from './finalizer-names.ts';
import { carryOverSystemFields, dedupOwnerReferences, ensureNamespace } from './object-metadata.ts';
import type { Resource } from './resource.ts';
import type { Allocation, WriteContext } from './strategy.ts';
import {
  admissionAttributes,
  type Registry,
  storageOf,
  type WriteRequest,
  type Written,
  writeContext,
} from './write-request.ts';

const METADATA = FieldPath.root('metadata');

/** How a write reaches the new object, and which of its parts it may change. */
export interface UpdatePlan {
  /** The object as wanted, in the hub version and the caller's to change. Called again after a lost race. */
  next(current: KubeObject | undefined): KubeObject | Promise<KubeObject>;
  /** `main`: all but status; `status`: status and open metadata; `custom`: `next` has said everything. */
  readonly part: 'main' | 'status' | 'custom';
  /** Whether what does not exist is created. */
  readonly mayCreate: boolean;
  /** The write is the system's own doing: metadata.generation counts what users ask for. */
  readonly keepsGeneration?: boolean;
  /** The request is about an object of its own, a Binding: plugins were asked about that, and its sender owns nothing here. */
  readonly admitted?: boolean;
  /** Completes the object, for subresources with rules of their own. */
  prepare?(object: KubeObject, old: KubeObject, context: WriteContext): void;
  /** More to check, for subresources with rules of their own. */
  validate?(object: KubeObject, old: KubeObject, context: WriteContext): FieldError[];
}

interface Outcome {
  object: KubeObject | undefined;
  allocation: Allocation | undefined;
  created: boolean;
}

export async function updateObject(registry: Registry, request: WriteRequest, plan: UpdatePlan): Promise<Written> {
  const key = request.resource.key(request.namespace, request.name);
  const outcome: Outcome = { object: undefined, allocation: undefined, created: false };
  const step = (current: StoredObject | undefined): Promise<KubeObject | 'unchanged' | 'delete'> =>
    decide(registry, request, plan, current, outcome);
  try {
    const storage = storageOf(registry, request.resource);
    if (request.dryRun) return await rehearse(await storage.fetch(key), step, outcome);
    const { stored, outcome: result } = await storage.update(key, step);
    outcome.allocation?.commit();
    if (result === 'deleted') return removed(registry, request, stored, outcome);
    return { object: stored.object, stored, created: result === 'created' };
  } catch (error) {
    outcome.allocation?.rollback();
    if (error instanceof StorageError) throw statusErrors.conflict(request.resource, request.name, OPTIMISTIC_LOCK);
    throw error;
  }
}

/** The write took off the last finalizer: the answer is the object as it was written, which is gone. */
function removed(registry: Registry, request: WriteRequest, last: StoredObject, outcome: Outcome): Written {
  request.resource.strategy.afterDelete?.(last.object, { server: registry.server });
  return { object: outcome.object ?? last.object, created: false };
}

async function rehearse(
  current: StoredObject | undefined,
  step: (current: StoredObject | undefined) => Promise<unknown>,
  outcome: Outcome,
): Promise<Written> {
  const result = await step(current);
  outcome.allocation?.rollback();
  if (result === 'unchanged' && current) return { object: current.object, stored: current, created: false };
  const object = outcome.object ?? current?.object;
  if (!object) throw new Error('a rehearsed update came to nothing');
  return { object, created: outcome.created };
}

async function decide(
  registry: Registry,
  request: WriteRequest,
  plan: UpdatePlan,
  current: StoredObject | undefined,
  outcome: Outcome,
): Promise<KubeObject | 'unchanged' | 'delete'> {
  outcome.allocation?.rollback();
  outcome.allocation = undefined;
  const { resource } = request;
  if (!current && !plan.mayCreate) throw statusErrors.notFound(resource, request.name);
  const wanted = plan.next(current?.object);
  const object = wanted instanceof Promise ? await wanted : wanted;
  outcome.object = object;
  const context = writeContext(registry, request);
  if (!current) {
    outcome.created = true;
    await prepareNewObject(registry, request, object, context);
    outcome.allocation = await allocate(resource, object, undefined, context);
    resource.settle(object);
    return object;
  }
  const old = current.object;
  checkIdentity(resource, request, object, current);
  await prepareUpdate(registry, request, plan, object, old, context);
  if (goesNow(resource, object, old)) return 'delete';
  resource.settle(object);
  if (changesNothing(object, old)) return 'unchanged';
  outcome.allocation = await allocate(resource, object, current, context);
  return object;
}

/** Preconditions that the object itself carries. @throws StatusError 409, 422 */
function checkIdentity(resource: Resource, request: WriteRequest, object: KubeObject, current: StoredObject): void {
  const { metadata } = object;
  const { uid } = current.object.metadata;
  if (metadata.uid && metadata.uid !== uid) {
    const why = `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${uid ?? ''}`;
    throw statusErrors.conflict(
      resource,
      request.name,
      `StorageError: invalid object, Code: 4, Key: ${current.key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
    );
  }
  const version = String(current.revision);
  if (!metadata.resourceVersion || metadata.resourceVersion === '0') {
    if (!resource.updatesUnconditionally && request.subresource === '') {
      // Upstream names the resource here, not its kind.
      throw statusErrors.invalid(resource.hub.group, resource.hub.resource, request.name, [
        fieldErrors.invalid(METADATA.child('resourceVersion'), 0, 'must be specified for an update'),
      ]);
    }
    metadata.resourceVersion = version;
  }
  if (metadata.resourceVersion !== version) throw statusErrors.conflict(resource, request.name, OPTIMISTIC_LOCK);
}

async function prepareUpdate(
  registry: Registry,
  request: WriteRequest,
  plan: UpdatePlan,
  object: KubeObject,
  old: KubeObject,
  context: WriteContext,
): Promise<void> {
  const { resource } = request;
  ensureNamespace(object, request.namespace);
  dedupOwnerReferences(object, request.warn);
  if (!plan.admitted) recordOwners(registry, request, object, old);
  const attributes = plan.admitted ? undefined : admissionAttributes(request, 'UPDATE', object, old);
  const mutating = attributes && registry.admission.mutate(attributes);
  if (mutating) await mutating;
  carryOverSystemFields(object, old);
  if (plan.part !== 'custom') keepOtherParts(resource, plan.part, object, old, context);
  if (resource.tracksGeneration && !plan.keepsGeneration && specChanged(resource, object, old)) {
    object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  }
  plan.prepare?.(object, old, context);
  await resource.strategy.examine?.(object);
  validateUpdated(resource, plan, object, old, context);
  if (plan.part === 'main') for (const text of resource.strategy.warnings?.(object, old) ?? []) request.warn(text);
  const validating = attributes && registry.admission.validate(attributes);
  if (validating) await validating;
}

type WithStatus = KubeObject & { status?: unknown };

function keepOtherParts(
  resource: Resource,
  part: 'main' | 'status',
  object: WithStatus,
  old: WithStatus,
  context: WriteContext,
): void {
  if (part === 'main') {
    if (resource.hasStatus) copyField(object, old, 'status');
    resource.strategy.prepareForUpdate?.(object, old, context);
    return;
  }
  for (const key of new Set([...Object.keys(object), ...Object.keys(old)])) {
    if (key !== 'metadata' && key !== 'status') copyField(object, old, key);
  }
  resource.strategy.prepareStatusUpdate?.(object, old, context);
}

function copyField(object: object, old: object, key: string): void {
  const value: unknown = Reflect.get(old, key);
  if (value === undefined) Reflect.deleteProperty(object, key);
  else Reflect.set(object, key, value);
}

/** Whether anything but metadata differs, and status where that is a subresource; or labels, where the kind counts them. */
function specChanged({ hasStatus, strategy }: Resource, object: KubeObject, old: KubeObject): boolean {
  if (strategy.generationCountsLabels && !jsonEqual(object.metadata.labels ?? {}, old.metadata.labels ?? {}))
    return true;
  const apart = hasStatus ? { metadata: undefined, status: undefined } : { metadata: undefined };
  return !jsonEqual({ ...object, ...apart }, { ...old, ...apart });
}

function validateUpdated(
  resource: Resource,
  plan: UpdatePlan,
  object: KubeObject,
  old: KubeObject,
  context: WriteContext,
): void {
  const { namespaced, nameRule, hub, strategy } = resource;
  const kindErrors =
    plan.part === 'main'
      ? strategy.validateUpdate?.(object, old, context)
      : plan.part === 'status'
        ? strategy.validateStatusUpdate?.(object, old, context)
        : undefined;
  const changes = validateObjectMetaUpdate(object.metadata, old.metadata, METADATA);
  const errors = [
    ...validateObjectMeta(object.metadata, { namespaced, nameRule, path: METADATA }),
    // Upstream finds these twice: in what all kinds share, and in each kind's own validation.
    ...changes,
    ...changes,
    ...finalizerNameErrors(resource, object),
    ...(kindErrors ?? []),
    ...(plan.validate?.(object, old, context) ?? []),
  ];
  if (errors.length > 0) throw statusErrors.invalid(hub.group, hub.kind, object.metadata.name, errors);
}

/** The last finalizer was taken off an object that only waited for it (upstream: ShouldDeleteDuringUpdate). */
function goesNow(resource: Resource, object: KubeObject, old: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (deletionTimestamp === undefined || (finalizers?.length ?? 0) > 0 || (deletionGracePeriodSeconds ?? 0) > 0)
    return false;
  if (resource.hub.group === '' && resource.hub.resource === 'namespaces') return specFinalizers(object).length === 0;
  return (old.metadata.finalizers?.length ?? 0) > 0;
}

/** `spec.finalizers` of a namespace. */
export function specFinalizers(object: KubeObject & { spec?: { finalizers?: readonly string[] } }): readonly string[] {
  return object.spec?.finalizers ?? [];
}

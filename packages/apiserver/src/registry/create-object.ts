/**
 * Creating an object (upstream: Create of staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go and
 * registry/rest/create.go). The order is upstream's: owners of fields → admission mutates → system fields → prepareForCreate → validation →
 * admission validates → allocation → storage.
 */
import { FieldPath, type KubeObject, type StatusError, statusErrors, validateObjectMeta } from '@regatta/api';
import { StorageError, type StoredObject } from '../storage/object-storage.ts';
import { recordOwners } from './field-ownership.ts';
import { finalizerNameErrors } from './finalizer-names.ts';
import { dedupOwnerReferences, ensureNamespace, fillSystemFields, generateName } from './object-metadata.ts';
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

/** How often a generated name that is taken is replaced by another (upstream: RetryGenerateName). */
const GENERATED_NAME_ATTEMPTS = 8;
const METADATA = FieldPath.root('metadata');

/** @param object decoded and defaulted, in the hub version; changed in place */
export async function createObject(registry: Registry, request: WriteRequest, object: KubeObject): Promise<Written> {
  const generated = Boolean(object.metadata.generateName) && !object.metadata.name;
  for (let attempt = 1; ; attempt++) {
    const last = !generated || attempt === GENERATED_NAME_ATTEMPTS;
    const candidate = last ? object : structuredClone(object);
    const context = writeContext(registry, request);
    await prepareNewObject(registry, request, candidate, context);
    try {
      return await commit(registry, request, candidate, context);
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'exists') throw error;
      if (last) throw alreadyExists(request.resource, candidate.metadata.name, generated);
    }
  }
}

function alreadyExists(resource: Resource, name: string, generated: boolean): StatusError {
  return generated ? statusErrors.generateNameConflict(resource, name, 1) : statusErrors.alreadyExists(resource, name);
}

/** Everything up to storage; also the way of a PUT that creates. @throws StatusError */
export async function prepareNewObject(
  registry: Registry,
  request: WriteRequest,
  object: KubeObject,
  context: WriteContext,
): Promise<void> {
  const { resource } = request;
  ensureNamespace(object, request.namespace);
  if (object.metadata.resourceVersion && object.metadata.resourceVersion !== '0' && request.name === '') {
    throw statusErrors.unknown('resourceVersion should not be set on objects to be created');
  }
  dedupOwnerReferences(object, request.warn);
  recordOwners(registry, request, object, undefined);
  const mutating = registry.admission.mutate(admissionAttributes(request, 'CREATE', object, undefined));
  if (mutating) await mutating;
  fillSystemFields(object, registry.server.clock.now(), registry.server.random);
  const { metadata } = object;
  if (metadata.generateName && !metadata.name)
    metadata.name = generateName(metadata.generateName, registry.server.random);
  prepareNew(resource, object, context);
  await resource.strategy.examine?.(object);
  validateNew(resource, object, context);
  for (const warning of resource.strategy.warnings?.(object, undefined) ?? []) request.warn(warning);
  const validating = registry.admission.validate(admissionAttributes(request, 'CREATE', object, undefined));
  if (validating) await validating;
}

function prepareNew(resource: Resource, object: KubeObject & { status?: unknown }, context: WriteContext): void {
  if (resource.tracksGeneration) object.metadata.generation = 1;
  if (resource.hasStatus && !resource.keepsStatusOnCreate) {
    const status = resource.emptyStatus();
    if (status === undefined) delete object.status;
    else object.status = status;
  }
  resource.strategy.prepareForCreate?.(object, context);
}

function validateNew(resource: Resource, object: KubeObject, context: WriteContext): void {
  const { namespaced, nameRule, hub } = resource;
  const errors = [
    ...validateObjectMeta(object.metadata, { namespaced, nameRule, path: METADATA }),
    ...finalizerNameErrors(resource, object),
    ...(resource.strategy.validate?.(object, context) ?? []),
  ];
  if (errors.length > 0) throw statusErrors.invalid(hub.group, hub.kind, object.metadata.name ?? '', errors);
}

async function commit(
  registry: Registry,
  request: WriteRequest,
  object: KubeObject,
  context: WriteContext,
): Promise<Written> {
  const { resource } = request;
  const key = resource.key(request.namespace, object.metadata.name);
  const allocation = await allocate(resource, object, undefined, context);
  resource.settle(object);
  try {
    if (request.dryRun) {
      if (storageOf(registry, resource).get(key)) throw new StorageError('exists', key);
      allocation?.rollback();
      return { object, created: true };
    }
    const stored = await storageOf(registry, resource).create(key, object);
    allocation?.commit();
    return { object: stored.object, stored, created: true };
  } catch (error) {
    allocation?.rollback();
    throw error;
  }
}

/** Takes what the write needs (addresses, ports); waits only where the strategy does. */
export async function allocate(
  resource: Resource,
  object: KubeObject,
  old: StoredObject | undefined,
  context: WriteContext,
): Promise<Allocation | undefined> {
  const allocation = resource.strategy.allocate?.(object, old?.object, context);
  return allocation instanceof Promise ? await allocation : allocation;
}

/**
 * Keeps ownership in step with selectors: adopts orphans that match, releases what no longer does
 * (pkg/controller/controller_ref_manager.go).
 *
 * Invariants: an object that another controller owns is left alone; nothing is adopted by, or into, what is being
 * deleted; before the first adoption the claimant is read from the API, not the cache, because a claimant that was
 * deleted and made again under its name must not take its predecessor's objects; patches carry the object's uid, so
 * that they never hit a namesake.
 */
import { isInvalid, isNotFound, type KubeObject, type LabelMatcher, type OwnerReference } from '@regatta/api';
import type { ResourceClient } from '@regatta/client';
import { controllerOf } from './controller-ref.ts';

export interface Claimant<T extends KubeObject> {
  /** Who claims, as cached. */
  readonly owner: KubeObject;
  readonly reference: OwnerReference;
  readonly selector: LabelMatcher;
  /** For the patches of what is claimed. */
  readonly client: ResourceClient<T>;
  /** The owner as the API has it now. @throws StatusError */
  readonly fresh: () => Promise<KubeObject>;
  /** Put on what is adopted, taken off what is released. */
  readonly finalizer?: string;
}

export class AdoptionError extends Error {
  readonly code = 'cannot-adopt';
  override readonly name = 'AdoptionError';
}

/** Those of `candidates` that the claimant controls in the end. */
export async function claim<T extends KubeObject>(claimant: Claimant<T>, candidates: readonly T[]): Promise<T[]> {
  const checked = onceOnly(() => checkAdopter(claimant));
  const claimed: T[] = [];
  for (const candidate of candidates) {
    if (await claimOne(claimant, candidate, checked)) claimed.push(candidate);
  }
  return claimed;
}

async function claimOne<T extends KubeObject>(
  claimant: Claimant<T>,
  object: T,
  mayAdopt: () => Promise<void>,
): Promise<boolean> {
  const { owner, selector } = claimant;
  const controller = controllerOf(object);
  const matches = selector.matches(object.metadata.labels);
  if (controller) {
    if (controller.uid !== owner.metadata.uid) return false;
    if (matches) return true;
    if (!owner.metadata.deletionTimestamp) await release(claimant, object);
    return false;
  }
  if (owner.metadata.deletionTimestamp || !matches || object.metadata.deletionTimestamp) return false;
  if ((object.metadata.namespace ?? '') !== (owner.metadata.namespace ?? '')) return false;
  await mayAdopt();
  return adopt(claimant, object);
}

async function checkAdopter<T extends KubeObject>({ owner, fresh }: Claimant<T>): Promise<void> {
  const current = await fresh();
  const { name, namespace, uid } = owner.metadata;
  if (current.metadata.uid !== uid) {
    throw new AdoptionError(`original ${namespace}/${name} is gone: got uid ${current.metadata.uid}, wanted ${uid}`);
  }
  if (current.metadata.deletionTimestamp) {
    throw new AdoptionError(`${namespace}/${name} has just been deleted at ${current.metadata.deletionTimestamp}`);
  }
}

async function adopt<T extends KubeObject>({ client, reference, finalizer }: Claimant<T>, object: T): Promise<boolean> {
  const { name, namespace, uid } = object.metadata;
  const finalizers = finalizer === undefined ? {} : { finalizers: [finalizer] };
  try {
    const body = { metadata: { ownerReferences: [reference], uid, ...finalizers } };
    await client.patch(name, { namespace, type: 'strategic', body });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

async function release<T extends KubeObject>({ client, reference, finalizer }: Claimant<T>, object: T): Promise<void> {
  const { name, namespace, uid } = object.metadata;
  const finalizers = finalizer === undefined ? {} : { '$deleteFromPrimitiveList/finalizers': [finalizer] };
  try {
    const body = { metadata: { ownerReferences: [{ $patch: 'delete', uid: reference.uid }], uid, ...finalizers } };
    await client.patch(name, { namespace, type: 'strategic', body });
  } catch (error) {
    // Gone, or released already by a patch whose effect the cache does not show yet: either way there is nothing left to do.
    if (!isNotFound(error) && !isInvalid(error)) throw error;
  }
}

function onceOnly(check: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= check();
    return done;
  };
}

/** Objects of a resource as they stand, for plugins that look for the one marked as default, or at all of a namespace. */
import type { KubeObject, ResourceRef } from '@regatta/api';
import { type ObjectStorage, storageKey } from '../storage/object-storage.ts';

/** @throws TypeError when the storage cannot list its newest state at once */
export function currentObjects<T extends KubeObject>(storage: ObjectStorage, ref: ResourceRef<T>): T[] {
  return objectsUnder(storage, ref, storageKey(ref.group, ref.resource));
}

/** In order of their names. @throws TypeError when the storage cannot list its newest state at once */
export function objectsIn<T extends KubeObject>(storage: ObjectStorage, ref: ResourceRef<T>, namespace: string): T[] {
  return objectsUnder(storage, ref, storageKey(ref.group, ref.resource, namespace));
}

function objectsUnder<T extends KubeObject>(storage: ObjectStorage, ref: ResourceRef<T>, prefix: string): T[] {
  const list = storage.list(prefix, {});
  if (list instanceof Promise) throw new TypeError(`${ref.resource} cannot be listed synchronously`);
  // What lies under the resource's prefix was decoded as its kind.
  return list.items.map(({ object }) => object as T);
}

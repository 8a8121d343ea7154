/** All objects of a resource as they stand, for plugins that look for the one marked as default. */
import type { KubeObject, ResourceRef } from '@regatta/api';
import { type ObjectStorage, storageKey } from '../storage/object-storage.ts';

/** @throws TypeError when the storage cannot list its newest state at once */
export function currentObjects<T extends KubeObject>(storage: ObjectStorage, ref: ResourceRef<T>): T[] {
  const list = storage.list(storageKey(ref.group, ref.resource), {});
  if (list instanceof Promise) throw new TypeError(`${ref.resource} cannot be listed synchronously`);
  // What lies under the resource's prefix was decoded as its kind.
  return list.items.map(({ object }) => object as T);
}

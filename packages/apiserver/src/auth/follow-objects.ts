/**
 * Keeps something in step with the objects of one resource: what is there now, then every change, synchronously.
 */
import type { KubeObject, ResourceRef } from '@regatta/api';
import { type ListResult, type ObjectStorage, storageKey } from '../storage/object-storage.ts';

export interface ObjectFollower<T extends KubeObject> {
  set(object: T, previous: T | undefined): void;
  remove(last: T): void;
}

/**
 * @returns how to stop following
 * @throws TypeError when the storage cannot list its newest state at once
 */
export function followObjects<T extends KubeObject>(
  storage: ObjectStorage,
  ref: ResourceRef<T>,
  follower: ObjectFollower<T>,
): () => void {
  const prefix = storageKey(ref.group, ref.resource);
  // Storage keeps what was decoded as `ref`'s kind under `ref`'s prefix: its objects are T.
  const as = (object: KubeObject): T => object as T;
  const list = storage.list(prefix, {});
  if (isPromise(list)) throw new TypeError(`${prefix} cannot be listed synchronously`);
  for (const { object } of list.items) follower.set(as(object), undefined);
  return storage.onEvent(prefix, (event) => {
    const previous = event.previous?.object;
    if (event.type === 'DELETED') follower.remove(as(previous ?? event.current.object));
    else follower.set(as(event.current.object), previous === undefined ? undefined : as(previous));
  });
}

function isPromise(list: ListResult | Promise<ListResult>): list is Promise<ListResult> {
  return list instanceof Promise;
}

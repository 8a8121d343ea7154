export {
  type Encoding,
  type ListRequest,
  type ListResult,
  type ObjectEvent,
  type ObjectStorage,
  StorageError,
  type StoredObject,
  storageKey,
  type UpdateFunction,
  type WatchItem,
  type WatchRequest,
  type WatchTrigger,
} from './object-storage.ts';
export { type ObjectStorageOptions, openObjectStorage } from './open-object-storage.ts';

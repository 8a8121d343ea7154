export { storeIsOpen } from './level/database.ts';
export { type LevelStoreOptions, openLevelStore } from './level/level-store.ts';
export { DEFAULT_LIMITS, type StoreLimits } from './limits.ts';
export { inspectSnapshot, type SnapshotFacts, type SnapshotHeader } from './snapshot/read-snapshot.ts';
export { REVISION_GAP, type RestoreOptions, restoreStore } from './snapshot/restore-snapshot.ts';
export {
  type Checkpoint,
  type KeyValue,
  type RangeOptions,
  type RangeResult,
  type Store,
  StoreError,
  type StoreErrorCode,
  type StoreEvent,
  type Transaction,
  type TransactionResult,
  type WatchBatch,
  type WatchOptions,
} from './store.ts';

export {
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

/**
 * What the contract suite needs of a driver, and small readings of stores that its tests share.
 */
import type { Store, StoreEvent, StoreLimits, TransactionResult, WatchBatch } from '../../src/mod.ts';

export interface Driver {
  readonly name: string;
  /** A new, empty store. */
  open(limits?: Partial<StoreLimits>): Promise<Store>;
  /** Closes the store and opens the same data again. */
  reopen(store: Store, limits?: Partial<StoreLimits>): Promise<Store>;
  /** Makes a new store from a snapshot. */
  restore(chunks: AsyncIterable<Uint8Array>): Promise<Store>;
  /** Closes and deletes whatever is still there. */
  cleanUp(): Promise<void>;
}

export function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}

export function text(value: Uint8Array | undefined): string | undefined {
  return value && Buffer.from(value).toString();
}

export async function put(store: Store, key: string, value: string, expectedRevision?: number): Promise<number> {
  return revisionOf(
    await store.txn({ key, value: bytes(value), ...(expectedRevision !== undefined && { expectedRevision }) }),
  );
}

export async function remove(store: Store, key: string): Promise<number> {
  return revisionOf(await store.txn({ key }));
}

/** `key=value@modRevision` of each item under the prefix. */
export async function state(store: Store, prefix = '', revision?: number): Promise<string[]> {
  const { items } = await store.range(prefix, revision === undefined ? {} : { revision });
  return items.map((item) => `${item.key}=${text(item.value)}@${item.modRevision}`);
}

/** `put a=1@7 (was 0)`: one line for an event. */
export function line(event: StoreEvent): string {
  const was = event.previous ? ` (was ${text(event.previous.value)}@${event.previous.modRevision})` : '';
  const value = event.type === 'put' ? `=${text(event.value)}` : '';
  return `${event.type} ${event.key}${value}@${event.revision}${was}`;
}

/** Reads a watch until it has given `count` events. */
export async function take(watch: AsyncIterable<WatchBatch>, count: number): Promise<StoreEvent[]> {
  const events: StoreEvent[] = [];
  for await (const batch of watch) {
    events.push(...batch.events);
    if (events.length >= count) break;
  }
  return events;
}

function revisionOf(result: TransactionResult): number {
  if (!result.succeeded) throw new Error(`refused: ${result.current?.modRevision ?? 'nothing there'}`);
  return result.revision;
}

/**
 * Lists: the newest state from the view; an earlier one from the view with later events undone, or, when these are not
 * in memory any more, from the store's history.
 */
import type { Store } from '@regatta/store';
import { StoreError } from '@regatta/store';
import type { Collection } from './collection.ts';
import type { ListRequest, ListResult, StoredObject } from './object-storage.ts';
import { sortKey } from './sorted-index.ts';
import { StoredState } from './stored-object.ts';
import type { View } from './view.ts';

/** Items read from the store at once when a selector decides how many are needed. */
const HISTORY_PAGE = 1000;

export function listFrom(
  view: View,
  store: Store,
  prefix: string,
  request: ListRequest,
): ListResult | Promise<ListResult> {
  const { revision } = request;
  if (revision === undefined || revision === view.revision) return listNow(view, prefix, request);
  if (revision > view.revision) {
    throw new StoreError('future-revision', `revision ${revision} is not written yet: ${view.revision}`);
  }
  if (revision < store.compactedRevision) {
    throw new StoreError('compacted', `revision ${revision} is compacted: ${store.compactedRevision}`);
  }
  const collections = view.collectionsUnder(prefix);
  if (collections.every(({ ring }) => ring.coversSince <= revision)) {
    const left = after(undone(collections, prefix, revision), request.startAfter);
    const page = pick(left, request, revision);
    const counted = page.continueAfter !== undefined && !request.matches;
    return counted ? { ...page, remaining: left.length - page.items.length } : page;
  }
  return listHistory(store, prefix, request, revision);
}

function listNow(view: View, prefix: string, request: ListRequest): ListResult {
  const { limit, startAfter, matches } = request;
  const collections = view.collectionsUnder(prefix);
  const [only] = collections;
  if (collections.length === 1 && only && limit === undefined && startAfter === undefined) {
    const all = only.index.all(prefix);
    return { items: matches ? all.filter((item) => matches(item.object)) : all, revision: view.revision };
  }
  const result = pick(underAll(collections, prefix, startAfter), request, view.revision);
  const { continueAfter } = result;
  if (matches || continueAfter === undefined) return result;
  const remaining = collections.reduce((sum, { index }) => sum + index.countAfter(prefix, continueAfter), 0);
  return { ...result, remaining };
}

function* underAll(collections: readonly Collection[], prefix: string, startAfter?: string): Generator<StoredObject> {
  for (const { index } of collections) yield* index.under(prefix, startAfter);
}

/** The state at `revision`, in key order: the newest state, with what happened after it undone. */
function undone(collections: readonly Collection[], prefix: string, revision: number): StoredObject[] {
  const items: StoredObject[] = [];
  for (const { index, ring } of collections) {
    const before = new Map<string, StoredObject | undefined>();
    for (const event of ring.after(revision)) {
      const { key } = event.current;
      if (key.startsWith(prefix) && !before.has(key)) before.set(key, event.previous);
    }
    const unchanged = index.all(prefix).filter((item) => !before.has(item.key));
    const changed = [...before.values()].filter((item) => item !== undefined);
    items.push(...(changed.length === 0 ? unchanged : inOrder([...unchanged, ...changed])));
  }
  return items;
}

function inOrder(items: readonly StoredObject[]): StoredObject[] {
  return items
    .map((item) => ({ item, at: sortKey(item.key) }))
    .sort((a, b) => (a.at < b.at ? -1 : 1))
    .map(({ item }) => item);
}

function after(items: readonly StoredObject[], startAfter: string | undefined): readonly StoredObject[] {
  if (startAfter === undefined) return items;
  const start = sortKey(startAfter);
  return items.filter((item) => sortKey(item.key) > start);
}

/** Takes what matches, up to the limit; when the limit cuts, says where to go on. */
function pick(source: Iterable<StoredObject>, request: ListRequest, revision: number): ListResult {
  const { limit, matches } = request;
  const items: StoredObject[] = [];
  for (const item of source) {
    const last = items.at(-1);
    if (last && limit !== undefined && items.length >= limit) return { items, revision, continueAfter: last.key };
    if (!matches || matches(item.object)) items.push(item);
  }
  return { items, revision };
}

async function listHistory(store: Store, prefix: string, request: ListRequest, revision: number): Promise<ListResult> {
  const { limit, matches } = request;
  const items: StoredObject[] = [];
  let startAfter = request.startAfter;
  for (;;) {
    const page = matches || limit === undefined ? HISTORY_PAGE : limit - items.length + 1;
    const read = await store.range(prefix, { revision, limit: page, ...(startAfter !== undefined && { startAfter }) });
    for (const { key, value, modRevision } of read.items) {
      const last = items.at(-1);
      if (limit !== undefined && items.length >= limit && last) {
        const cut = { items, revision, continueAfter: last.key };
        return matches ? cut : { ...cut, remaining: await countHistory(store, prefix, revision, last.key) };
      }
      const item = StoredState.fromStore(key, value, modRevision);
      if (!matches || matches(item.object)) items.push(item);
      startAfter = key;
    }
    if (!read.more) return { items, revision };
  }
}

/** How many keys the state at `revision` has after `startAfter`. */
async function countHistory(store: Store, prefix: string, revision: number, startAfter: string): Promise<number> {
  let count = 0;
  let from = startAfter;
  for (;;) {
    const read = await store.range(prefix, { revision, limit: HISTORY_PAGE, startAfter: from });
    count += read.items.length;
    from = read.items.at(-1)?.key ?? from;
    if (!read.more) return count;
  }
}

/**
 * Objects of a custom resource as one of its versions shows them: converted from the version in which they are stored,
 * pruned and defaulted by today's schema (upstream: the storage that customresource_handler.go makes for each version).
 *
 * Owns a memo of views. Invariants: what is stored is in the storage version of its time, and is never changed by a read;
 * an object that already looks as this version shows it is the stored one itself, so that its bytes are shared.
 */
import { cloneJson, jsonEqual, type KubeObject } from '@regatta/api';
import type { StoreError } from '@regatta/store';
import type {
  ListRequest,
  ListResult,
  ObjectEvent,
  ObjectStorage,
  StoredObject,
  UpdateFunction,
  WatchItem,
  WatchRequest,
} from '../storage/object-storage.ts';
import { StoredEvent, StoredState } from '../storage/stored-object.ts';
import type { Converter } from './converter.ts';
import type { CustomTypes } from './custom-types.ts';

type UpdateOutcome = Awaited<ReturnType<ObjectStorage['update']>>['outcome'];

export interface CustomStorageParts {
  readonly inner: ObjectStorage;
  readonly apiVersion: string;
  readonly storageApiVersion: string;
  readonly types: CustomTypes;
  readonly converter: Converter;
  /** Ends the watches: the definition is another one, or gone. */
  readonly closing: AbortSignal;
}

export class CustomStorage implements ObjectStorage {
  readonly #parts: CustomStorageParts;
  readonly #inner: ObjectStorage;
  /** Objects as stored → as shown. */
  readonly #views = new WeakMap<KubeObject, KubeObject>();
  readonly #states = new WeakMap<StoredObject, StoredObject>();

  constructor(parts: CustomStorageParts) {
    this.#parts = parts;
    this.#inner = parts.inner;
  }

  get currentRevision(): number {
    return this.#inner.currentRevision;
  }

  get compactedRevision(): number {
    return this.#inner.compactedRevision;
  }

  get failure(): StoreError | undefined {
    return this.#inner.failure;
  }

  /** Without conversion: only whether it is there, and its metadata, can be relied on. */
  get<T extends KubeObject>(key: string): StoredObject<T> | undefined {
    return this.#inner.get<T>(key);
  }

  fetch(key: string): StoredObject | undefined | Promise<StoredObject | undefined> {
    const stored = this.#inner.get(key);
    return stored && this.#shown(stored);
  }

  list(prefix: string, request: ListRequest): ListResult | Promise<ListResult> {
    if (this.#parts.converter.waits) return this.#listConverted(prefix, request);
    const { matches } = request;
    const result = this.#inner.list(prefix, {
      ...request,
      ...(matches ? { matches: (object: KubeObject) => matches(this.#viewAtOnce(object)) } : {}),
    });
    return result instanceof Promise ? result.then((done) => this.#shownList(done)) : this.#shownList(result);
  }

  async create<T extends KubeObject>(key: string, object: T): Promise<StoredObject<T>> {
    const stored = await this.#inner.create(key, await this.#toStorage(object));
    return (await this.#shown(this.#known(stored, object))) as StoredObject<T>;
  }

  async update<T extends KubeObject>(
    key: string,
    update: UpdateFunction<T>,
  ): Promise<{ readonly stored: StoredObject<T>; readonly outcome: UpdateOutcome }> {
    let written: KubeObject | undefined;
    const result = await this.#inner.update(key, async (current) => {
      const shown = current && (await this.#shown(current));
      const next = await update(shown as StoredObject<T> | undefined);
      if (next === 'unchanged' || next === 'delete') return next;
      written = next;
      return this.#toStorage(next);
    });
    const known = written === undefined ? result.stored : this.#known(result.stored, written);
    return { outcome: result.outcome, stored: (await this.#shown(known)) as StoredObject<T> };
  }

  async *watch(prefix: string, request: WatchRequest): AsyncIterable<WatchItem> {
    const signal = AbortSignal.any([request.signal, this.#parts.closing]);
    for await (const item of this.#inner.watch(prefix, { ...request, signal })) {
      if (item.kind !== 'events') {
        yield item;
        continue;
      }
      const events: ObjectEvent[] = [];
      for (const event of item.events) {
        const shown = this.#shownEvent(event);
        events.push(shown instanceof Promise ? await shown : shown);
      }
      yield { kind: 'events', events };
    }
  }

  onEvent(prefix: string, listener: (event: ObjectEvent) => void): () => void {
    return this.#inner.onEvent(prefix, listener);
  }

  snapshot(): AsyncIterable<Uint8Array> {
    return this.#inner.snapshot();
  }

  /** The storage beneath is not this one's to close. */
  async close(): Promise<void> {}

  /** What was just written in this version needs no look when it comes back. */
  #known(stored: StoredObject, written: KubeObject): StoredObject {
    const { apiVersion } = this.#parts;
    if (written.apiVersion === apiVersion && stored.object.apiVersion === apiVersion) {
      this.#views.set(stored.object, stored.object);
    }
    return stored;
  }

  #toStorage<T extends KubeObject>(object: T): T | Promise<T> {
    const { storageApiVersion, converter } = this.#parts;
    if (object.apiVersion === storageApiVersion) return object;
    const converted = converter.convert([object], storageApiVersion);
    const first = (objects: readonly KubeObject[]): T => objects[0] as T;
    return converted instanceof Promise ? converted.then(first) : first(converted);
  }

  #shown(stored: StoredObject): StoredObject | Promise<StoredObject> {
    const known = this.#states.get(stored);
    if (known) return known;
    const view = this.#view(stored.object);
    if (view instanceof Promise) return view.then((object) => this.#state(stored, object));
    return this.#state(stored, view);
  }

  #state(stored: StoredObject, view: KubeObject): StoredObject {
    const state = view === stored.object ? stored : StoredState.of(stored.key, view, stored.revision);
    this.#states.set(stored, state);
    return state;
  }

  #view(object: KubeObject): KubeObject | Promise<KubeObject> {
    const known = this.#views.get(object);
    if (known) return known;
    const { apiVersion, converter } = this.#parts;
    if (object.apiVersion === apiVersion) return this.#conformed(object, object);
    const converted = converter.convert([object], apiVersion);
    if (converted instanceof Promise) return converted.then(([first]) => this.#conformed(object, first ?? object));
    return this.#conformed(object, converted[0] ?? object);
  }

  #viewAtOnce(object: KubeObject): KubeObject {
    const view = this.#view(object);
    // The converter does not wait: lists ask it first.
    return view instanceof Promise ? object : view;
  }

  /** @param converted `object` in this version */
  #conformed(object: KubeObject, converted: KubeObject): KubeObject {
    const copy = cloneJson(converted);
    this.#parts.types.conform(copy);
    const view = jsonEqual(copy, object) ? object : copy;
    this.#views.set(object, view);
    return view;
  }

  #shownList(result: ListResult): ListResult {
    return { ...result, items: result.items.map((item) => this.#shown(item) as StoredObject) };
  }

  /** One call of the webhook for all that needs it; then selectors and pages, which look at what came back. */
  async #listConverted(prefix: string, request: ListRequest): Promise<ListResult> {
    const { limit, matches, ...rest } = request;
    const all = await this.#inner.list(prefix, rest);
    await this.#convertMany(all.items.map((item) => item.object));
    const shown = await Promise.all(all.items.map((item) => this.#shown(item)));
    const found = matches ? shown.filter((item) => matches(item.object)) : shown;
    if (limit === undefined || found.length <= limit) return { ...all, items: found };
    const items = found.slice(0, limit);
    const last = items.at(-1);
    return {
      items,
      revision: all.revision,
      ...(last ? { continueAfter: last.key } : {}),
      ...(matches ? {} : { remaining: found.length - limit }),
    };
  }

  async #convertMany(objects: readonly KubeObject[]): Promise<void> {
    const { apiVersion, converter } = this.#parts;
    const foreign = objects.filter((object) => object.apiVersion !== apiVersion && !this.#views.has(object));
    if (foreign.length === 0) return;
    const converted = await converter.convert(foreign, apiVersion);
    for (const [i, object] of foreign.entries()) this.#conformed(object, converted[i] ?? object);
  }

  #shownEvent(event: ObjectEvent): ObjectEvent | Promise<ObjectEvent> {
    const current = this.#shown(event.current);
    const previous = event.previous && this.#shown(event.previous);
    if (current instanceof Promise || previous instanceof Promise) {
      return Promise.all([current, previous]).then(([now, before]) => sameEvent(event, now, before));
    }
    return sameEvent(event, current, previous);
  }
}

function sameEvent(event: ObjectEvent, current: StoredObject, previous: StoredObject | undefined): ObjectEvent {
  if (current === event.current && previous === event.previous) return event;
  return new StoredEvent(event.type, event.revision, asState(current), previous && asState(previous));
}

function asState(stored: StoredObject): StoredState {
  return stored instanceof StoredState ? stored : StoredState.of(stored.key, stored.object, stored.revision);
}

/**
 * An API in memory, for tests of what uses an ApiClient: revisions, conflicts, finalizers, status, bindings, selectors
 * of equality, watches with 410 and bookmarks. It knows no schema: no defaults, no validation, no admission, and takes a
 * strategic merge patch for a merge patch. Whatever depends on those is tested against a real apiserver.
 */
import { type KubeObject, StatusError, statusErrors } from '@regatta/api';
import type { ApiResponse } from '@regatta/bus';
import { BoundedQueue, type Clock, type Random, seededRandom } from '@regatta/runtime';
import { jsonCodec } from '../transport/json-codec.ts';
import type { RawWatchEvent, Transport, TransportRequest } from '../transport/transport.ts';
import { type Change, MemoryStore } from './memory-store.ts';
import { mergePatch } from './merge-patch.ts';
import { parseResourceUrl, type ResourceUrl } from './resource-url.ts';
import { type Matcher, matcher } from './selection.ts';

const WATCH_LIMIT = 100_000;

interface Watcher {
  readonly queue: BoundedQueue<RawWatchEvent>;
  readonly bookmarks: boolean;
  readonly collection: string;
}

export interface MemoryTransportOptions {
  readonly clock: Clock;
  readonly random?: Random;
  /** Called before each request: throw a StatusError to refuse it. */
  readonly intercept?: (request: TransportRequest) => void | Promise<void>;
}

export class MemoryTransport implements Transport {
  readonly codec = jsonCodec;
  /** Every request, in order. */
  readonly requests: TransportRequest[] = [];
  readonly store = new MemoryStore();
  readonly #random: Random;
  readonly #watchers = new Set<Watcher>();

  constructor(readonly options: MemoryTransportOptions) {
    this.#random = options.random ?? seededRandom(1);
  }

  /** Watches in progress. */
  get watchCount(): number {
    return this.#watchers.size;
  }

  async send(request: TransportRequest): Promise<ApiResponse> {
    try {
      await this.#arrived(request);
      return respond(200, this.#handle(request));
    } catch (error) {
      if (!(error instanceof StatusError) || error.cause !== undefined) throw error;
      return respond(error.code, error.status);
    }
  }

  async watch(request: TransportRequest, signal: AbortSignal): Promise<AsyncIterable<RawWatchEvent>> {
    await this.#arrived(request);
    const url = parseResourceUrl(request.url);
    const queue = new BoundedQueue<RawWatchEvent>(WATCH_LIMIT);
    const matches = matcher(url.query, url.namespace);
    const deliver = (change: Change): void => {
      const event = change.collection === url.collection ? eventFor(change, matches) : undefined;
      if (event) queue.push(event);
    };
    for (const change of this.store.changesSince(Number(url.query.get('resourceVersion') ?? 0))) deliver(change);
    const stop = this.store.onChange(deliver);
    const bookmarks = url.query.get('allowWatchBookmarks') === 'true';
    const watcher = { queue, collection: url.collection, bookmarks };
    this.#watchers.add(watcher);
    signal.addEventListener('abort', () => queue.end(), { once: true });
    return drain(queue, () => {
      stop();
      this.#watchers.delete(watcher);
    });
  }

  async close(): Promise<void> {
    this.endWatches();
  }

  /** Ends every watch, as a server does after its timeout; with an error, as a broken connection does. */
  endWatches(error?: Error): void {
    for (const { queue } of this.#watchers) {
      if (error) queue.fail(error);
      else queue.end();
    }
  }

  /** Sends a bookmark of the current revision to each watcher that asked for them. */
  bookmark(): void {
    const object = { kind: 'Bookmark', metadata: { name: '', resourceVersion: String(this.store.revision) } };
    for (const { queue, bookmarks } of this.#watchers) if (bookmarks) queue.push({ type: 'BOOKMARK', object });
  }

  async #arrived(request: TransportRequest): Promise<void> {
    this.requests.push(request);
    await this.options.intercept?.(request);
  }

  #handle(request: TransportRequest): unknown {
    const url = parseResourceUrl(request.url);
    const body = request.body && request.body.length > 0 ? jsonCodec.decode(request.body) : undefined;
    switch (request.method) {
      case 'GET':
        return url.name === undefined ? this.#list(url) : this.#existing(url);
      case 'POST':
        return url.subresource ? this.#post(url, body) : this.#create(url, body as KubeObject);
      case 'PUT':
        return this.#update(url, body as KubeObject);
      case 'PATCH':
        return this.#patch(url, body);
      case 'DELETE':
        return url.name === undefined ? this.#deleteAll(url) : this.#delete(url, body);
      default:
        throw statusErrors.methodNotSupported(undefined, request.method);
    }
  }

  #existing(url: ResourceUrl): KubeObject {
    const object = this.store.get(url.collection, keyFor(url.namespace, url.name));
    if (!object) throw statusErrors.notFound(url, url.name ?? '');
    return object;
  }

  #list(url: ResourceUrl): unknown {
    const all = this.store.list(url.collection).filter(matcher(url.query, url.namespace));
    const start = Number(url.query.get('continue') ?? 0);
    const limit = Number(url.query.get('limit') ?? 0) || all.length;
    const next = start + limit < all.length ? String(start + limit) : undefined;
    const metadata = { resourceVersion: String(this.store.revision), continue: next };
    return { kind: 'List', apiVersion: 'v1', metadata, items: all.slice(start, start + limit) };
  }

  #create(url: ResourceUrl, object: KubeObject): KubeObject {
    const generated =
      object.metadata.generateName && `${object.metadata.generateName}${this.#random.uuid().slice(0, 5)}`;
    const name = object.metadata.name || generated || '';
    if (this.store.get(url.collection, keyFor(url.namespace, name))) throw statusErrors.alreadyExists(url, name);
    const metadata = {
      ...object.metadata,
      name,
      namespace: url.namespace,
      uid: this.#random.uuid(),
      creationTimestamp: `${new Date(this.options.clock.now()).toISOString().slice(0, 19)}Z`,
    };
    return this.store.put(url.collection, keyFor(url.namespace, name), { ...object, metadata });
  }

  #update(url: ResourceUrl, object: KubeObject): KubeObject {
    const old = this.#existing(url) as KubeObject & { status?: unknown };
    const { resourceVersion } = object.metadata;
    if (resourceVersion && resourceVersion !== old.metadata.resourceVersion)
      throw statusErrors.conflict(
        url,
        url.name ?? '',
        'the object has been modified; please apply your changes to the latest version and try again',
      );
    const status = (object as { status?: unknown }).status;
    const written = url.subresource === 'status' ? { ...old, status } : { ...object, status: old.status };
    const { uid, creationTimestamp, deletionTimestamp } = old.metadata;
    const metadata = { ...object.metadata, uid, creationTimestamp, deletionTimestamp };
    return this.#store(url, old, { ...written, metadata } as KubeObject);
  }

  #patch(url: ResourceUrl, patch: unknown): KubeObject {
    const old = this.#existing(url);
    return this.#store(url, old, mergePatch(old, patch) as KubeObject);
  }

  /** An unchanged object keeps its revision; one that lost its last finalizer goes. */
  #store(url: ResourceUrl, old: KubeObject, object: KubeObject): KubeObject {
    const key = keyFor(url.namespace, url.name);
    const metadata = { ...object.metadata, resourceVersion: old.metadata.resourceVersion };
    if (JSON.stringify({ ...object, metadata }) === JSON.stringify(old)) return old;
    if (metadata.deletionTimestamp && !metadata.finalizers?.length)
      return this.store.remove(url.collection, key, object);
    return this.store.put(url.collection, key, object);
  }

  #post(url: ResourceUrl, body: unknown): unknown {
    if (url.subresource === 'eviction') return this.#delete(url, undefined);
    if (url.subresource !== 'binding') throw statusErrors.genericNotFound();
    const pod = this.#existing(url);
    const { target } = body as { target: { name: string } };
    const spec = { ...(pod as { spec?: object }).spec, nodeName: target.name };
    this.#store(url, pod, { ...pod, spec } as KubeObject);
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
  }

  #delete(url: ResourceUrl, options: unknown): KubeObject {
    const old = this.#existing(url);
    const { preconditions, gracePeriodSeconds } = (options ?? {}) as {
      preconditions?: { uid?: string };
      gracePeriodSeconds?: number;
    };
    if (preconditions?.uid && preconditions.uid !== old.metadata.uid)
      throw statusErrors.conflict(url, url.name ?? '', 'the UID in the precondition does not match');
    const key = keyFor(url.namespace, url.name);
    const waits = old.metadata.finalizers?.length || (gracePeriodSeconds ?? 0) > 0;
    if (!waits) return this.store.remove(url.collection, key, old);
    const deletionTimestamp = `${new Date(this.options.clock.now()).toISOString().slice(0, 19)}Z`;
    return this.store.put(url.collection, key, { ...old, metadata: { ...old.metadata, deletionTimestamp } });
  }

  #deleteAll(url: ResourceUrl): unknown {
    for (const object of this.store.list(url.collection).filter(matcher(url.query, url.namespace)))
      this.#delete({ ...url, namespace: object.metadata.namespace, name: object.metadata.name }, undefined);
    return this.#list(url);
  }
}

function keyFor(namespace: string | undefined, name: string | undefined): string {
  return `${namespace ?? ''}/${name ?? ''}`;
}

function respond(code: number, body: unknown): ApiResponse {
  return { code, headers: { 'content-type': 'application/json' }, body: jsonCodec.encode(body) };
}

/** What a watcher with a selector sees: an object that stops to match is deleted for it. */
function eventFor({ type, object, old }: Change, matches: Matcher): RawWatchEvent | undefined {
  const is = type !== 'DELETED' && matches(object);
  const was = old !== undefined && matches(old);
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object: structuredClone(object) };
  return was ? { type: 'DELETED', object: structuredClone(object) } : undefined;
}

async function* drain<T>(queue: BoundedQueue<T>, stop: () => void): AsyncGenerator<T, void, void> {
  try {
    yield* queue;
  } finally {
    stop();
  }
}

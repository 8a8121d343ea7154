/**
 * WATCH (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/watch.go and pkg/storage/cacher).
 *
 * Each batch of events becomes few writes, made of frames that all watchers of the same encoding share. An object that
 * begins or ceases to match a selector is ADDED or DELETED to that watcher. Bookmarks tell how far a quiet watch has come.
 *
 * Invariants: a reader that does not keep up stops this watch from taking events: at most PIECE bytes and what its sink holds
 * wait for it, and a reader that takes nothing for `stalledWatch` is cut off; once the head is sent, errors travel as ERROR
 * events. Watches of people share each turn of the event loop with everything else that people ask for.
 */
import { type KubeObject, type Status, statusErrors } from '@regatta/api';
import type { Clock, Timer } from '@regatta/runtime';
import { StoreError } from '@regatta/store';
import type { Resource } from '../registry/resource.ts';
import { storageOf } from '../registry/write-request.ts';
import type { ApiCall } from '../server/api-call.ts';
import { joined } from '../server/compress.ts';
import type { ServerResponse, StreamSink } from '../server/exchange.ts';
import { HttpLimits } from '../server/limits.ts';
import { statusErrorOf } from '../server/status-response.ts';
import type { TurnShare } from '../server/turn-share.ts';
import type { ObjectEvent, WatchItem, WatchRequest } from '../storage/object-storage.ts';
import type { HandlerEnvironment } from './environment.ts';
import { LIST_VIEWS, type Negotiated, negotiate, streamOf } from './negotiation.ts';
import { type ListOptions, listOptions } from './query-options.ts';
import { revisionOrUnknown, tooLargeResourceVersion } from './resource-version.ts';
import { whenEncodable } from './respond.ts';
import { type Selection, selectionOf } from './selection.ts';
import { partialMetadata } from './transforms.ts';
import type { WatchFigures } from './watch-metrics.ts';

/** Without a timeout of their own, watches end after 30 to 60 minutes (upstream: --min-request-timeout). */
const MIN_TIMEOUT_SECONDS = 1800;
/** Upstream's bookmarkFrequency, milliseconds of real time. */
const BOOKMARK_INTERVAL = 60_000;
/** Milliseconds before its end in which a watch tells how far it has come, so that the next one goes on from there. */
const LAST_BOOKMARK = 2_000;
/** Bytes of one write: what is made at once for a reader that may not take it. One event may be larger. */
const PIECE = 64 * 1024;
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

type EventType = ObjectEvent['type'];

interface Watch {
  readonly env: HandlerEnvironment;
  readonly resource: Resource;
  readonly negotiated: Negotiated;
  readonly options: ListOptions;
  readonly selection: Selection;
  readonly stream: ReturnType<typeof streamOf>;
  readonly request: Omit<WatchRequest, 'signal'>;
  readonly prefix: string;
  /** Where the watch waits for time; system components don't. */
  readonly share: TurnShare | undefined;
}

/** The reader takes nothing: its connection is cut, so that it finds out. */
class StalledReader extends Error {
  readonly code = 'stalled-reader';
}

export function watchObjects(
  env: HandlerEnvironment,
  call: ApiCall,
  resource: Resource,
): ServerResponse | Promise<ServerResponse> {
  const { query, namespace, name } = call.info;
  const negotiated = negotiate(call.request, query, LIST_VIEWS, resource.custom !== undefined);
  const options = listOptions(query, true);
  const onPath = options.fieldSelector === '' ? name : '';
  const selection = selectionOf(resource, options.labelSelector, options.fieldSelector, onPath);
  if (name !== '' && selection.name !== name)
    throw statusErrors.badRequest("fieldSelector metadata.name doesn't match requested name");
  const watch: Watch = {
    env,
    resource,
    negotiated,
    stream: streamOf(negotiated),
    options,
    selection,
    request: {
      ...startOf(options, env.registry.server.storage.currentRevision),
      ...(selection.trigger && { trigger: selection.trigger }),
    },
    prefix: resource.prefix(namespace),
    share: call.request.credentials.busUser === undefined ? env.share : undefined,
  };
  return whenEncodable(negotiated, () => ({
    code: 200,
    headers: { 'content-type': watch.stream.mediaType },
    stream: (sink: StreamSink) => run(watch, sink),
  }));
}

/** @throws StatusError 504 when the state must be newer than there is any (upstream: waitUntilFreshAndBlock of the watch cache) */
function startOf(options: ListOptions, current: number): Omit<WatchRequest, 'signal'> {
  const asked = revisionOrUnknown(options.resourceVersion);
  if (options.sendInitialEvents === true) {
    if (asked !== undefined && asked > current) throw tooLargeResourceVersion(asked, current);
    return { initialEvents: true };
  }
  if (options.sendInitialEvents === false) return { initialEvents: false, ...(asked ? { sinceRevision: asked } : {}) };
  return asked ? { sinceRevision: asked, initialEvents: false } : { initialEvents: true };
}

async function run(watch: Watch, sink: StreamSink): Promise<void> {
  const { env, options } = watch;
  const { clock, random } = env.registry.server;
  const storage = storageOf(env.registry, watch.resource);
  const seconds = options.timeoutSeconds || MIN_TIMEOUT_SECONDS * (1 + random.next());
  const end = new AbortController();
  const stop = (): void => end.abort();
  sink.signal.addEventListener('abort', stop, { once: true });
  if (sink.signal.aborted) stop();
  const timer = clock.real.setTimer(seconds * 1000, stop);
  const forget = env.watches.add(stop);
  try {
    const frames = new Frames(watch, clock.real.monotonic(), seconds * 1000);
    for await (const item of storage.watch(watch.prefix, { ...watch.request, signal: end.signal })) {
      await watch.share?.take();
      for (const piece of frames.of(item, clock.real.monotonic())) {
        if (!sink.write(piece)) await taken(sink, clock.real);
        if (end.signal.aborted) break;
      }
      if (end.signal.aborted) break;
    }
  } catch (error) {
    if (error instanceof StalledReader) throw error;
    // Who could not keep up is let go without a word, as upstream does it, and comes back by itself.
    const slow = error instanceof StoreError && error.code === 'slow-watcher';
    if (!end.signal.aborted && !slow) sink.write(errorFrame(watch, error));
  } finally {
    forget();
    timer.cancel();
    sink.signal.removeEventListener('abort', stop);
  }
}

/** Resolves when the reader has taken what was written. @throws StalledReader */
async function taken(sink: StreamSink, clock: Clock): Promise<void> {
  let timer: Timer | undefined;
  const stalled = new Promise<never>((_resolve, reject) => {
    timer = clock.setTimer(HttpLimits.stalledWatch, () => reject(new StalledReader('the reader takes nothing')));
  });
  try {
    await Promise.race([sink.drained(), stalled]);
  } finally {
    timer?.cancel();
  }
}

/** Turns what storage tells into bytes for one watcher. */
class Frames {
  #bookmarkDue: number;
  /** When the last bookmark is due. */
  readonly #closing: number;
  /** Upstream sends the columns of a table with the first event only. */
  #headed = false;
  readonly #figures: WatchFigures | undefined;

  constructor(
    readonly watch: Watch,
    started: number,
    lasts: number,
  ) {
    const { group, version, resource } = watch.resource;
    this.#figures = watch.env.watchMetrics?.of(group, version, resource);
    this.#closing = started + lasts - LAST_BOOKMARK;
    this.#bookmarkDue = this.#nextBookmark(started);
  }

  /** About every minute, and shortly before the end (upstream: nextBookmarkTime of cacher/cache_watcher.go). */
  #nextBookmark(now: number): number {
    const regular = now + BOOKMARK_INTERVAL;
    return this.#closing > now ? Math.min(regular, this.#closing) : regular;
  }

  *of(item: WatchItem, now: number): Generator<Uint8Array> {
    const { allowWatchBookmarks, sendInitialEvents } = this.watch.options;
    switch (item.kind) {
      case 'events':
        yield* this.#events(item.events);
        break;
      case 'initial-end':
        if (sendInitialEvents && allowWatchBookmarks)
          yield this.#bookmark(item.revision, { [INITIAL_EVENTS_END]: 'true' });
        break;
      case 'progress':
        if (!allowWatchBookmarks || now < this.#bookmarkDue) break;
        this.#bookmarkDue = this.#nextBookmark(now);
        yield this.#bookmark(item.revision);
    }
  }

  *#events(events: readonly ObjectEvent[]): Generator<Uint8Array> {
    let frames: Uint8Array[] = [];
    let size = 0;
    for (const event of events) {
      const type = seenAs(event, this.watch.selection);
      if (!type) continue;
      const frame = this.#frame(event, type);
      this.#figures?.events.inc();
      this.#figures?.sizes.observe(frame.length);
      if (size > 0 && size + frame.length > PIECE) {
        yield joined(frames);
        frames = [];
        size = 0;
      }
      frames.push(frame);
      size += frame.length;
    }
    if (size > 0) yield joined(frames);
  }

  #frame(event: ObjectEvent, type: EventType): Uint8Array {
    const { resource, negotiated, stream } = this.watch;
    const { encoding, transform } = negotiated;
    if (type === 'DELETED' && event.type !== 'DELETED') return stream.frame(type, this.#view(lastMatch(event)));
    if (transform === 'object' && resource.isHub && encoding.shared) return event.frame(encoding.shared, type);
    return stream.frame(type, this.#view(event.current.object));
  }

  #view(object: KubeObject): unknown {
    const { resource, negotiated, env } = this.watch;
    if (negotiated.transform === 'partial-metadata') return partialMetadata(object, negotiated.transformVersion);
    if (negotiated.transform !== 'table') return resource.fromHub(object);
    const { resourceVersion } = object.metadata;
    const metadata = resourceVersion ? { resourceVersion } : {};
    const table = env.tables.table(resource, [object], negotiated.include, negotiated.transformVersion, metadata);
    if (!this.#headed) {
      this.#headed = true;
      return table;
    }
    return { ...table, columnDefinitions: null };
  }

  #bookmark(revision: number, annotations?: Record<string, string>): Uint8Array {
    const { resource, negotiated, stream } = this.watch;
    const metadata = { resourceVersion: String(revision), ...(annotations ? { annotations } : {}) };
    if (negotiated.transform === 'table') {
      const table = { kind: 'Table', apiVersion: `meta.k8s.io/${negotiated.transformVersion}`, metadata };
      const object = { kind: resource.kind, apiVersion: resource.apiVersion, metadata };
      return stream.frame('BOOKMARK', {
        ...table,
        columnDefinitions: null,
        rows: [{ cells: [], object }],
      });
    }
    const whole = negotiated.transform === 'object';
    const kind = whole ? resource.kind : 'PartialObjectMetadata';
    const apiVersion = whole ? resource.apiVersion : `meta.k8s.io/${negotiated.transformVersion}`;
    return stream.frame('BOOKMARK', { kind, apiVersion, metadata });
  }
}

/** How a watcher with this selection sees an event; undefined when it does not concern it. */
function seenAs(event: ObjectEvent, selection: Selection): EventType | undefined {
  if (selection.isEverything) return event.type;
  const now = event.type !== 'DELETED' && selection.matches(event.current.object);
  const before = event.type !== 'ADDED' && selection.matches((event.previous ?? event.current).object);
  if (now) return before ? 'MODIFIED' : 'ADDED';
  return before ? 'DELETED' : undefined;
}

/** An object that ceased to match is shown as it last did, at the revision of the change. */
function lastMatch(event: ObjectEvent): KubeObject {
  const { object } = event.previous ?? event.current;
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(event.revision) } };
}

function errorFrame(watch: Watch, error: unknown): Uint8Array {
  return watch.stream.frame('ERROR', watchStatus(watch, error));
}

function watchStatus(watch: Watch, error: unknown): Status {
  if (error instanceof StoreError && error.code === 'compacted') {
    const { storage } = watch.env.registry.server;
    const asked = watch.request.sinceRevision ?? 0;
    return statusErrors.expired(`too old resource version: ${asked} (${storage.compactedRevision})`).status;
  }
  const known = statusErrorOf(error);
  if (known) return known.status;
  watch.env.registry.server.logger.warn('watch ended', { prefix: watch.prefix, error });
  return statusErrors.internal('the watch was ended by the server').status;
}

/**
 * One watch: a position (a revision), read forward at the consumer's pace.
 *
 * There is no buffer for each watcher: all read the ring of their collection, which is shared and bounded. Whoever is so
 * far behind that the ring has moved on reads the store's log until the ring has him again; whoever is behind even that
 * gets `compacted` (or `slow-watcher`), which handlers answer with 410.
 *
 * Invariants: every event after the start is seen once, in order; nobody waits for a watcher.
 */
import type { Store } from '@regatta/store';
import { StoreError } from '@regatta/store';
import type { WatchItem, WatchRequest, WatchTrigger } from './object-storage.ts';
import { concerns } from './parked-watches.ts';
import { StoredEvent, type StoredState } from './stored-object.ts';
import { View } from './view.ts';

/** Initial events handed over at once. */
const INITIAL_STEP = 500;

export interface WatchEnvironment {
  readonly view: View;
  readonly store: Store;
  /** Aborts when the storage closes. */
  readonly closing: AbortSignal;
  /** Counts up about once a second: when it changed since a watch's last item, the watch reports its progress. */
  readonly progressTick: () => number;
}

/** The start is fixed now, not at the first read. @throws StoreError `compacted` */
export function watchObjects(
  environment: WatchEnvironment,
  prefix: string,
  request: WatchRequest,
): AsyncIterable<WatchItem> {
  const { view, store } = environment;
  const { initialEvents, signal, trigger } = request;
  if (initialEvents) {
    const all = view.collectionsUnder(prefix).flatMap(({ index }) => index.all(prefix));
    const state = trigger ? all.filter(({ object }) => trigger.valueIn(object) === trigger.value) : all;
    return initial(state, view.revision, new ObjectWatch(environment, prefix, view.revision, trigger), signal);
  }
  const since = request.sinceRevision ?? view.revision;
  if (since < store.compactedRevision) {
    throw new StoreError('compacted', `events after revision ${since} are compacted: ${store.compactedRevision}`);
  }
  return new ObjectWatch(environment, prefix, since, trigger).run(signal);
}

async function* initial(
  state: readonly StoredState[],
  revision: number,
  watch: ObjectWatch,
  signal: AbortSignal,
): AsyncGenerator<WatchItem> {
  for (let i = 0; i < state.length; i += INITIAL_STEP) {
    const step = state.slice(i, i + INITIAL_STEP);
    yield { kind: 'events', events: step.map((current) => new StoredEvent('ADDED', current.revision, current)) };
  }
  yield { kind: 'initial-end', revision };
  yield* watch.run(signal);
}

class ObjectWatch {
  readonly #environment: WatchEnvironment;
  readonly #prefix: string;
  readonly #trigger: WatchTrigger | undefined;
  /** Every event up to this revision has been handed over. */
  #position: number;
  #reportedTick: number;

  constructor(environment: WatchEnvironment, prefix: string, position: number, trigger: WatchTrigger | undefined) {
    this.#environment = environment;
    this.#prefix = prefix;
    this.#trigger = trigger;
    this.#position = position;
    this.#reportedTick = environment.progressTick();
  }

  async *run(signal: AbortSignal): AsyncGenerator<WatchItem> {
    const { view, closing, progressTick } = this.#environment;
    while (!signal.aborted) {
      if (closing.aborted) throw new StoreError('closed', 'the storage is closed');
      if (this.#position < view.revision) {
        if (!this.#isCovered()) {
          yield* this.#catchUp(signal);
          continue;
        }
        const events = this.#takeEvents();
        if (events.length > 0) {
          this.#reportedTick = progressTick();
          yield { kind: 'events', events };
          continue;
        }
      }
      if (this.#reportedTick !== progressTick()) {
        this.#reportedTick = progressTick();
        yield { kind: 'progress', revision: this.#position };
        continue;
      }
      await this.#woken(signal);
    }
  }

  #isCovered(): boolean {
    return this.#environment.view
      .collectionsUnder(this.#prefix)
      .every(({ ring }) => ring.coversSince <= this.#position);
  }

  #takeEvents(): readonly StoredEvent[] {
    const since = this.#position;
    this.#position = Math.max(since, this.#environment.view.revision);
    return this.#concerned(this.#eventsAfter(since));
  }

  #eventsAfter(since: number): readonly StoredEvent[] {
    const { view } = this.#environment;
    const collection = view.collection(this.#prefix);
    if (!collection) {
      const all = view.collectionsUnder(this.#prefix).flatMap(({ ring }) => ring.after(since));
      return all.sort((a, b) => a.revision - b.revision);
    }
    const events = collection.ring.after(since);
    if (collection.prefix === this.#prefix) return events;
    return events.filter((event) => event.current.key.startsWith(this.#prefix));
  }

  #concerned(events: readonly StoredEvent[]): readonly StoredEvent[] {
    const trigger = this.#trigger;
    return trigger ? events.filter((event) => concerns(trigger, event)) : events;
  }

  /** Reads the log until memory has what follows. */
  async *#catchUp(signal: AbortSignal): AsyncGenerator<WatchItem> {
    const { store, closing } = this.#environment;
    const both = AbortSignal.any([signal, closing]);
    for await (const batch of store.watch(this.#prefix, { fromRevision: this.#position + 1, signal: both })) {
      this.#position = batch.revision;
      const events = this.#concerned(batch.events.map(View.eventFrom));
      if (events.length > 0) yield { kind: 'events', events };
      if (this.#isCovered()) return;
    }
  }

  /** Waits for an event, for a chance to report progress, or for the end. */
  #woken(signal: AbortSignal): Promise<void> {
    const { parked } = this.#environment.view.source(this.#prefix);
    return new Promise((resolve) => {
      const end = (): void => {
        leave();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const wake = (quietUpTo: number): void => {
        // What the watch slept through did not concern it; it had read everything before.
        this.#position = Math.max(this.#position, quietUpTo);
        end();
      };
      const leave = parked.park(wake, this.#trigger);
      signal.addEventListener('abort', end, { once: true });
    });
  }
}

/**
 * Follows a namespace through crashes and records every frame: goes on from the last revision it was shown, bookmarks included.
 */
import { isGone, StatusError } from '@regatta/api';
import { isUnanswered } from '@regatta/client';
import type { Random } from '@regatta/runtime';
import { itemOf, type ObservedClient } from './observed-client.ts';
import type { WatchConnection, WatchRecord } from './operation.ts';

const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';
/** Watches of these readers last 4 to 8 s, so that many end in peace, after a bookmark. */
const TIMEOUT_SECONDS = 4;
const RETRY_MS = 30;

export class WatchReader {
  #record: WatchRecord;
  #position: number | undefined;
  /** Initial lists and 410s. */
  restarts = 0;

  /** @param since where it begins; undefined: with initial events */
  constructor(
    readonly client: ObservedClient,
    readonly namespace: string,
    readonly random: Random,
    since: number | undefined,
  ) {
    this.#position = since;
    this.#record = client.recorder.watch(client.name, namespace);
  }

  /** Everything up to here was shown. */
  get position(): number {
    return this.#position ?? 0;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#connect(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#failed(error);
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS * this.random.next()));
    }
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const since = this.#position;
    const start =
      since === undefined
        ? { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' as const }
        : { resourceVersion: String(since) };
    const timeoutSeconds = TIMEOUT_SECONDS + Math.floor(this.random.next() * TIMEOUT_SECONDS);
    const options = { namespace: this.namespace, allowWatchBookmarks: true, timeoutSeconds, ...start };
    const connection = this.client.recorder.connection(this.#record, since);
    for await (const { type, object } of this.client.configMaps.watch(options, signal)) {
      if (type === 'BOOKMARK') this.#bookmark(connection, object.metadata);
      else this.#event(connection, type, object);
    }
  }

  #event(
    connection: WatchConnection,
    type: 'ADDED' | 'MODIFIED' | 'DELETED',
    object: Parameters<typeof itemOf>[0],
  ): void {
    const at = this.client.recorder.now();
    const item = itemOf(object);
    connection.events.push({ type, at, item, uid: object.metadata.uid ?? '' });
    // Initial events are no position: their revisions come in any order.
    if (this.#position !== undefined) this.#position = item.revision;
  }

  #bookmark(
    connection: WatchConnection,
    { resourceVersion, annotations }: { resourceVersion?: string; annotations?: Readonly<Record<string, string>> },
  ): void {
    const revision = Number(resourceVersion);
    const initialEnd = annotations?.[INITIAL_EVENTS_END] === 'true';
    connection.events.push({ type: 'BOOKMARK', at: this.client.recorder.now(), revision, initialEnd });
    this.#position = revision;
  }

  /** What was missed is told by a new initial state, as a watch of its own. @throws what no crash explains */
  #failed(error: unknown): void {
    if (isGone(error)) {
      this.restarts++;
      this.#position = undefined;
      this.#record = this.client.recorder.watch(this.client.name, this.namespace);
      return;
    }
    const isBusy = error instanceof StatusError && (error.code >= 500 || error.code === 429);
    if (!isUnanswered(error) && !isBusy) throw error;
  }
}

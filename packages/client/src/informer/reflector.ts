/**
 * Keeps a consumer in step with a collection: list, then watch, for ever (k8s.io/client-go/tools/cache/reflector.go).
 *
 * Invariants:
 * 1. After `replace` the consumer has seen the whole collection at one revision; then every change, in order, once.
 * 2. A watch that ends or breaks is resumed from the last revision seen (bookmarks count), not listed again.
 * 3. Only 410, or an answer nobody can resume from, leads to a new list; `replace` then tells of all that was missed.
 * 4. Failures are retried for ever, with a back-off that doubles from RETRY.base to RETRY.max ms, real time, jittered up
 *    to twice; a watch that brought something, or lasted a while, resets it.
 */
import { isGone, type KubeObject } from '@regatta/api';
import { Backoff, type Clock, type Logger, type Random, sleep } from '@regatta/runtime';
import type { Selection } from '../list-options.ts';
import type { ResourceClient } from '../resource-client.ts';
import type { WatchEvent } from '../watch-event.ts';

export interface ReflectorSink<T extends KubeObject> {
  /** The whole collection. */
  replace(items: readonly T[]): void;
  /** One change; never a BOOKMARK. */
  apply(event: WatchEvent<T>): void;
}

export interface ReflectorOptions<T extends KubeObject> extends Selection {
  readonly client: ResourceClient<T>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Upstream's 800 ms to 30 s suit clusters that take seconds to start; here every second is ten of the cluster's. */
const RETRY = { base: 50, max: 1000 };
/** Objects in one page of a list: keeps the pauses for decoding short. */
const PAGE_LIMIT = 500;
/** Upstream's minWatchTimeout: watches last 5 to 10 minutes, so that servers get rid of them evenly. */
const MIN_WATCH_SECONDS = 300;
/** A watch shorter than this that brought nothing counts as a failure, lest a broken server be asked in a loop. */
const SHORT_WATCH_MS = 1000;

export class Reflector<T extends KubeObject> {
  readonly #backoff = new Backoff(RETRY);
  #revision: string | undefined;

  constructor(
    readonly options: ReflectorOptions<T>,
    readonly sink: ReflectorSink<T>,
  ) {}

  /** Runs until the signal aborts; then it returns. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#revision ??= await this.#list();
        await this.#watch(this.#revision, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (isGone(error)) this.#revision = undefined;
        await this.#pause(error, signal);
      }
    }
  }

  async #pause(error: unknown, signal: AbortSignal): Promise<void> {
    const { clock, random, logger, client } = this.options;
    const delay = this.#backoff.next('') * (1 + random.next());
    const fields = { resource: client.ref.resource, failures: this.#backoff.failures(''), error };
    // Breaks are normal; what goes on failing is not, but need not fill the log.
    if (fields.failures % 30 === 5) logger.warn('list or watch goes on failing', fields);
    else logger.debug('list or watch failed', fields);
    await sleep(clock, delay, signal).catch(() => {});
  }

  /** Lists in pages; a continue token that has expired means one list without pages, as client-go's pager does. */
  async #list(): Promise<string> {
    const { client, namespace, labelSelector, fieldSelector } = this.options;
    const selection = { namespace, labelSelector, fieldSelector };
    let page = await client.list({ ...selection, limit: PAGE_LIMIT });
    const items = page.items;
    try {
      while (page.continue) {
        page = await client.list({ ...selection, limit: PAGE_LIMIT, continue: page.continue });
        for (const item of page.items) items.push(item);
      }
      this.sink.replace(items);
    } catch (error) {
      if (!isGone(error)) throw error;
      page = await client.list(selection);
      this.sink.replace(page.items);
    }
    return page.resourceVersion;
  }

  async #watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const { client, clock, random, namespace, labelSelector, fieldSelector } = this.options;
    const started = clock.monotonic();
    const timeoutSeconds = Math.floor(MIN_WATCH_SECONDS * (1 + random.next()));
    const selection = { namespace, labelSelector, fieldSelector };
    const watch = client.watch({ ...selection, resourceVersion, allowWatchBookmarks: true, timeoutSeconds }, signal);
    let seen = 0;
    for await (const event of watch) {
      this.#revision = event.object.metadata.resourceVersion ?? this.#revision;
      if (event.type !== 'BOOKMARK') this.sink.apply(event);
      if (seen++ === 0) this.#backoff.reset('');
    }
    if (signal.aborted) return;
    if (seen === 0 && clock.monotonic() - started < SHORT_WATCH_MS) throw new Error('the watch ended at once');
    this.#backoff.reset('');
  }
}

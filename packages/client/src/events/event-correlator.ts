/**
 * Keeps event storms from the API (k8s.io/client-go/tools/record/events_cache.go): first similar events are combined,
 * then equal ones counted, then what one source says of one object is limited.
 *
 * Intervals and the refill of the spam filter are cluster time. Keys are joined without separators, as upstream's.
 */
import type { Event } from '@regatta/api';
import type { Random } from '@regatta/runtime';
import { type AnyClock, elapsed } from '../elapsed.ts';
import { formatTime } from '../timestamps.ts';
import { LruCache } from './lru-cache.ts';
import { eventName, type UniqueNanos } from './object-reference.ts';

/** Upstream's maxLruCacheEntries. */
const CACHE_LIMIT = 4096;
/** So many different messages of one reason within the interval, and they are combined. */
const AGGREGATE_MAX_EVENTS = 10;
const AGGREGATE_INTERVAL_MS = 600_000;
const SPAM_BURST = 25;
const SPAM_REFILL_MS = 300_000;

interface Similar {
  readonly messages: Set<string>;
  last: number;
}

interface Observed {
  readonly count: number;
  readonly name: string;
  readonly firstTimestamp: string | undefined;
}

interface Bucket {
  tokens: number;
  filled: number;
}

/** What to write: a new event, or a higher count of one that is there. */
export interface CorrelatedEvent {
  readonly event: Event;
  /** Fields to patch when the event is known to be there. */
  readonly patch?: Pick<Event, 'count' | 'lastTimestamp' | 'message'>;
  /** For `written`. */
  readonly key: string;
}

export class EventCorrelator {
  readonly #similar = new LruCache<string, Similar>(CACHE_LIMIT);
  readonly #observed = new LruCache<string, Observed>(CACHE_LIMIT);
  readonly #buckets = new LruCache<string, Bucket>(CACHE_LIMIT);

  constructor(
    readonly clock: AnyClock,
    readonly random: Random,
    readonly nanos: UniqueNanos,
  ) {}

  /** Undefined for spam. */
  correlate(event: Event): CorrelatedEvent | undefined {
    const { event: combined, key } = this.#aggregate(event);
    const correlated = this.#count(combined, key);
    return this.#isSpam(correlated.event) ? undefined : correlated;
  }

  /** The server's version of an event that was written under `key`. */
  written(key: string, event: Event): void {
    this.#observed.set(key, observation(event));
  }

  #aggregate(event: Event): { event: Event; key: string } {
    const now = this.clock.now();
    const key = aggregateKey(event);
    const known = this.#similar.get(key);
    const fresh = !known || elapsed(this.clock, known.last) > AGGREGATE_INTERVAL_MS;
    const similar = fresh ? { messages: new Set<string>(), last: now } : known;
    similar.messages.add(event.message ?? '');
    similar.last = now;
    this.#similar.set(key, similar);
    if (similar.messages.size < AGGREGATE_MAX_EVENTS) return { event, key: eventKey(event) };
    for (const one of similar.messages) {
      similar.messages.delete(one);
      break;
    }
    return { event: this.#combined(event, now), key };
  }

  #combined(event: Event, now: number): Event {
    const at = formatTime(now);
    const metadata = { ...event.metadata, name: eventName(event.involvedObject, this.nanos.next(now), this.random) };
    const message = `(combined from similar events): ${event.message ?? ''}`;
    return { ...event, metadata, message, count: 1, firstTimestamp: at, lastTimestamp: at };
  }

  #count(event: Event, key: string): CorrelatedEvent {
    const last = this.#observed.get(key);
    if (!last) {
      this.#observed.set(key, observation(event));
      return { event, key };
    }
    const metadata = { ...event.metadata, name: last.name };
    const counted = { ...event, metadata, firstTimestamp: last.firstTimestamp, count: last.count + 1 };
    this.#observed.set(key, observation(counted));
    const { count, lastTimestamp, message } = counted;
    return { event: counted, key, patch: { count, lastTimestamp, message } };
  }

  #isSpam(event: Event): boolean {
    const key = spamKey(event);
    const now = this.clock.now();
    const bucket = this.#buckets.get(key) ?? { tokens: SPAM_BURST, filled: now };
    const refill = elapsed(this.clock, bucket.filled) / SPAM_REFILL_MS;
    bucket.tokens = Math.min(SPAM_BURST, bucket.tokens + refill);
    bucket.filled = now;
    const spam = bucket.tokens < 1;
    if (!spam) bucket.tokens -= 1;
    this.#buckets.set(key, bucket);
    return spam;
  }
}

function observation(event: Event): Observed {
  return { count: event.count ?? 0, name: event.metadata.name, firstTimestamp: event.firstTimestamp };
}

function spamKey({ source, involvedObject: about }: Event): string {
  return [source?.component, source?.host, about.kind, about.namespace, about.name, about.uid, about.apiVersion].join(
    '',
  );
}

function aggregateKey(event: Event): string {
  return [spamKey(event), event.type, event.reason, event.reportingComponent, event.reportingInstance].join('');
}

function eventKey(event: Event): string {
  return [spamKey(event), event.involvedObject.fieldPath, event.type, event.reason, event.message].join('');
}

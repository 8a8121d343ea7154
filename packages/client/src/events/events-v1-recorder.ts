/**
 * Records events.k8s.io/v1 Events (k8s.io/client-go/tools/events), as the scheduler does: equal events form a series.
 *
 * An event is written once; its first repetition writes a series of count 2; further ones are only counted, and the count
 * is written when the series is refreshed (REFRESH_MS) or over (nothing for FINISH_MS), in cluster time. At most
 * CACHE_LIMIT events are remembered for that; upstream has no such limit.
 */
import { type EventsV1Event, isAlreadyExists, isNotFound } from '@regatta/api';
import { silentLogger, type Timer } from '@regatta/runtime';
import { elapsed, realClock } from '../elapsed.ts';
import { formatMicroTime } from '../timestamps.ts';
import { EventPace } from './event-pace.ts';
import type { EventRecorderOptions, EventType } from './event-recorder.ts';
import { EventWriter } from './event-writer.ts';
import { LruCache } from './lru-cache.ts';
import { type EventSubject, eventName, referenceOf, UniqueNanos } from './object-reference.ts';

const FINISH_MS = 6 * 60_000;
const REFRESH_MS = 30 * 60_000;
const CACHE_LIMIT = 4096;

export interface EventV1Details {
  readonly type: EventType;
  readonly reason: string;
  /** What was done: `Binding`, `Scheduling`. */
  readonly action: string;
  readonly note: string;
}

interface Remembered {
  event: EventsV1Event;
  /** Epoch ms of the last occurrence. */
  last: number;
}

export class EventsV1Recorder {
  readonly #options: EventRecorderOptions<EventsV1Event>;
  readonly #writer: EventWriter;
  readonly #nanos = new UniqueNanos();
  readonly #known = new LruCache<string, Remembered>(CACHE_LIMIT);
  readonly #timers: Timer[] = [];

  constructor(options: EventRecorderOptions<EventsV1Event>) {
    const { clock, random, logger = silentLogger, pace } = options;
    this.#options = options;
    this.#writer = new EventWriter({
      clock: realClock(clock),
      random,
      logger,
      pace: pace && new EventPace(clock, pace),
    });
    this.#every(0, FINISH_MS, () => this.#finishSeries());
    this.#every(1, REFRESH_MS, () => this.#refreshSeries());
  }

  event(regarding: EventSubject, related: EventSubject | undefined, details: EventV1Details): void {
    const event = this.#make(regarding, related, details);
    const key = seriesKey(event);
    const known = this.#known.get(key);
    if (!known) {
      this.#known.set(key, { event, last: this.#options.clock.now() });
      this.#write(key, event);
    } else if (this.#repeat(known)) this.#write(key, known.event);
  }

  /** Resolves when what was reported so far is written or given up. */
  flush(): Promise<void> {
    return this.#writer.flush();
  }

  close(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#writer.close();
  }

  /** Counts one more occurrence; true when it begins a series, which is then written. */
  #repeat(known: Remembered): boolean {
    known.last = this.#options.clock.now();
    const begins = known.event.series === undefined;
    const series = { count: (known.event.series?.count ?? 1) + 1, lastObservedTime: formatMicroTime(known.last) };
    known.event = { ...known.event, series };
    return begins;
  }

  #make(regarding: EventSubject, related: EventSubject | undefined, details: EventV1Details): EventsV1Event {
    const { clock, component, host, random } = this.#options;
    const now = clock.now();
    const about = referenceOf(regarding);
    return {
      kind: 'Event',
      apiVersion: 'events.k8s.io/v1',
      metadata: {
        name: eventName(about, this.#nanos.next(now), random),
        namespace: about.namespace || 'default',
      },
      eventTime: formatMicroTime(now),
      reportingController: component,
      reportingInstance: `${component}-${host ?? ''}`,
      action: details.action,
      reason: details.reason,
      regarding: about,
      related: related === undefined ? undefined : referenceOf(related),
      note: details.note.slice(0, 1024),
      type: details.type,
    };
  }

  #write(key: string, event: EventsV1Event): void {
    this.#writer.enqueue(key, () => this.#record(event));
  }

  async #record(event: EventsV1Event): Promise<void> {
    const { client } = this.#options;
    const { name, namespace } = event.metadata;
    if (event.series) {
      try {
        await client.patch(name, { namespace, type: 'strategic', body: { series: event.series } });
        return;
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    try {
      await client.create(event);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  #finishSeries(): void {
    for (const [key, known] of [...this.#known.entries()]) {
      if (elapsed(this.#options.clock, known.last) <= FINISH_MS) continue;
      if (known.event.series) this.#write(key, known.event);
      this.#known.delete(key);
    }
  }

  #refreshSeries(): void {
    for (const [key, known] of this.#known.entries()) if (known.event.series) this.#write(key, known.event);
  }

  #every(slot: number, period: number, action: () => void): void {
    this.#timers[slot] = this.#options.clock.setTimer(period, () => {
      action();
      this.#every(slot, period, action);
    });
  }
}

function seriesKey({ type, action, reason, reportingController, regarding, related }: EventsV1Event): string {
  return JSON.stringify([type, action, reason, reportingController, regarding, related]);
}

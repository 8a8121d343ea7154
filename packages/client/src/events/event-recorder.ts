/**
 * Records core/v1 Events (k8s.io/client-go/tools/record), as the kubelet and the controllers do.
 *
 * `event` never throws and never waits; see event-writer.ts for its limits and event-correlator.ts for what is combined,
 * counted and dropped. Timestamps are real instants.
 */
import { type Event, isNotFound, type KubeObject } from '@regatta/api';
import { type Logger, type Random, silentLogger } from '@regatta/runtime';
import { type AnyClock, realClock } from '../elapsed.ts';
import type { ResourceClient } from '../resource-client.ts';
import { formatTime } from '../timestamps.ts';
import { type CorrelatedEvent, EventCorrelator } from './event-correlator.ts';
import { EventPace, type PaceLimits } from './event-pace.ts';
import { EventWriter, type WriteJob } from './event-writer.ts';
import { type EventSubject, eventName, referenceOf, UniqueNanos } from './object-reference.ts';

export type EventType = 'Normal' | 'Warning';

export interface EventRecorderOptions<T extends KubeObject> {
  readonly client: ResourceClient<T>;
  /** Who reports: `kubelet`, `deployment-controller`. */
  readonly component: string;
  /** The node that reports, for node components. */
  readonly host?: string;
  /** Cluster time for intervals, where given. */
  readonly clock: AnyClock;
  readonly random: Random;
  readonly logger?: Logger;
  /** In the clock's own seconds; without it events are written as fast as the API takes them. */
  readonly pace?: PaceLimits;
}

export class EventRecorder {
  readonly #options: EventRecorderOptions<Event>;
  readonly #correlator: EventCorrelator;
  readonly #writer: EventWriter;
  readonly #nanos = new UniqueNanos();

  constructor(options: EventRecorderOptions<Event>) {
    const { clock, random, logger = silentLogger, pace } = options;
    this.#options = options;
    this.#correlator = new EventCorrelator(clock, random, this.#nanos);
    this.#writer = new EventWriter({
      clock: realClock(clock),
      random,
      logger,
      pace: pace && new EventPace(clock, pace),
    });
  }

  /** Reports something about an object, in the object's namespace (`default` for cluster-scoped ones). */
  event(
    regarding: EventSubject,
    type: EventType,
    reason: string,
    message: string,
    annotations?: Readonly<Record<string, string>>,
  ): void {
    const event = this.#make(regarding, type, reason, message, annotations);
    const { kind, namespace, name, uid } = event.involvedObject;
    this.#writer.enqueue(`${kind}/${namespace}/${name}/${uid}`, this.#job(event));
  }

  /** Resolves when what was reported so far is written or given up. */
  flush(): Promise<void> {
    return this.#writer.flush();
  }

  close(): void {
    this.#writer.close();
  }

  #make(
    regarding: EventSubject,
    type: EventType,
    reason: string,
    message: string,
    annotations?: Readonly<Record<string, string>>,
  ): Event {
    const { clock, component, host, random } = this.#options;
    const now = clock.now();
    const involvedObject = referenceOf(regarding);
    return {
      kind: 'Event',
      apiVersion: 'v1',
      metadata: {
        name: eventName(involvedObject, this.#nanos.next(now), random),
        namespace: involvedObject.namespace || 'default',
        annotations,
      },
      involvedObject,
      reason,
      message,
      source: { component, host },
      firstTimestamp: formatTime(now),
      lastTimestamp: formatTime(now),
      count: 1,
      type,
      reportingComponent: component,
      reportingInstance: host ?? '',
    };
  }

  /** What an event counts for is found once, however often it has to be sent. */
  #job(event: Event): WriteJob {
    let correlated: CorrelatedEvent | undefined | 'not yet' = 'not yet';
    return async () => {
      if (correlated === 'not yet') correlated = this.#correlator.correlate(event);
      if (correlated === undefined) return;
      await this.#writer.turn();
      this.#correlator.written(correlated.key, await this.#write(correlated));
    };
  }

  async #write({ event, patch }: CorrelatedEvent): Promise<Event> {
    const { client } = this.#options;
    const { name, namespace } = event.metadata;
    if (patch) {
      try {
        return await client.patch(name, { namespace, type: 'strategic', body: patch });
      } catch (error) {
        // Events expire: the one that was counted may be gone.
        if (!isNotFound(error)) throw error;
      }
    }
    return await client.create(event);
  }
}

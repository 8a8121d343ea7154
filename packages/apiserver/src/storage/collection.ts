/**
 * One collection in memory: its objects in key order, its last events, and who listens to it.
 */
import { EventRing } from './event-ring.ts';
import type { ObjectEvent } from './object-storage.ts';
import { ParkedWatches } from './parked-watches.ts';
import { SortedIndex } from './sorted-index.ts';
import type { StoredEvent, StoredState } from './stored-object.ts';

/** Events kept for each collection: more than a watcher that keeps up ever needs. */
export const RING_EVENTS = 4096;

export class Collection {
  readonly index = new SortedIndex<StoredState>();
  readonly ring: EventRing;
  readonly parked = new ParkedWatches();
  readonly listeners = new Set<{ readonly prefix: string; readonly listener: (event: ObjectEvent) => void }>();

  constructor(
    readonly prefix: string,
    revision: number,
    ringEvents: number = RING_EVENTS,
  ) {
    this.ring = new EventRing(revision, ringEvents);
  }

  apply(event: StoredEvent): void {
    if (event.type === 'DELETED') this.index.delete(event.current.key);
    else this.index.set(event.current);
    this.ring.push(event);
  }
}

/**
 * Watches of one collection that have read everything and wait. An event wakes those it may concern: all that watch
 * without a trigger, and of those with one (a node's Pods, say) the ones whose value the object has or had. So a thousand
 * kubelets cost nothing while somebody else's Pod changes (upstream: indexed triggers of pkg/storage/cacher).
 *
 * Invariant: a parked watch was not concerned by anything that happened since it parked; waking tells it up to which
 * revision that holds, so that it need not look at what it slept through.
 */
import type { KubeObject } from '@regatta/api';
import type { WatchTrigger } from './object-storage.ts';
import type { StoredEvent } from './stored-object.ts';

/** Called once, with the revision up to which nothing concerned the watch. */
export type Waker = (quietUpTo: number) => void;

type ValueIn = WatchTrigger['valueIn'];

export class ParkedWatches {
  readonly #all = new Set<Waker>();
  readonly #triggered = new Map<ValueIn, Map<string, Set<Waker>>>();

  /** Returns how to leave without being woken. */
  park(waker: Waker, trigger: WatchTrigger | undefined): () => void {
    if (!trigger) {
      this.#all.add(waker);
      return () => this.#all.delete(waker);
    }
    const { valueIn, value } = trigger;
    const values = this.#triggered.get(valueIn) ?? new Map<string, Set<Waker>>();
    const wakers = values.get(value) ?? new Set<Waker>();
    this.#triggered.set(valueIn, values.set(value, wakers.add(waker)));
    return () => {
      wakers.delete(waker);
      if (wakers.size > 0 || values.get(value) !== wakers) return;
      values.delete(value);
      if (values.size === 0) this.#triggered.delete(valueIn);
    };
  }

  /** Wakes whom these events may concern; nothing else happened here after `quietUpTo`. */
  wakeFor(events: readonly StoredEvent[], quietUpTo: number): void {
    wake(this.#all, quietUpTo);
    for (const [valueIn, values] of this.#triggered) {
      for (const { current, previous } of events) {
        wake(at(values, valueIn, current.object), quietUpTo);
        if (previous) wake(at(values, valueIn, previous.object), quietUpTo);
      }
    }
  }

  wakeAll(quietUpTo: number): void {
    wake(this.#all, quietUpTo);
    for (const values of this.#triggered.values()) for (const wakers of values.values()) wake(wakers, quietUpTo);
  }
}

/** Whether an event concerns a watch with this trigger. */
export function concerns({ valueIn, value }: WatchTrigger, { current, previous }: StoredEvent): boolean {
  return valueIn(current.object) === value || (previous !== undefined && valueIn(previous.object) === value);
}

function at(values: ReadonlyMap<string, Set<Waker>>, valueIn: ValueIn, object: KubeObject): Set<Waker> | undefined {
  const value = valueIn(object);
  return value === undefined ? undefined : values.get(value);
}

/** Each waker leaves the set as it is called. */
function wake(wakers: ReadonlySet<Waker> | undefined, quietUpTo: number): void {
  if (wakers) for (const waker of [...wakers]) waker(quietUpTo);
}

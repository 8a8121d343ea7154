/**
 * What an event is about (k8s.io/client-go/tools/reference), and the event's name.
 */
import type { KubeObject, ObjectReference } from '@regatta/api';
import type { Random } from '@regatta/runtime';

/** An object, or a reference that says more than the object could: `fieldPath: spec.containers{web}`. */
export type EventSubject = KubeObject | ObjectReference;

export function referenceOf(subject: EventSubject): ObjectReference {
  if (!('metadata' in subject)) return subject;
  const { apiVersion, kind, metadata } = subject as KubeObject;
  const { name, namespace, uid, resourceVersion } = metadata;
  return { kind, namespace, name, uid, apiVersion, resourceVersion };
}

const LONGEST_NAME = 253;

/**
 * `<object>.<hex of the nanoseconds>`, or a UUID where that is too long (client-go tools/record/util, GenerateEventName).
 * @param nanos nanoseconds since the epoch
 */
export function eventName(reference: ObjectReference, nanos: bigint, random: Random): string {
  const name = `${reference.name}.${nanos.toString(16)}`;
  return name.length <= LONGEST_NAME ? name : random.uuid();
}

/** Nanoseconds for event names: the clock's milliseconds, made unique below them. */
export class UniqueNanos {
  #last = 0n;

  next(epochMs: number): bigint {
    const nanos = BigInt(Math.floor(epochMs * 1000)) * 1000n;
    this.#last = nanos > this.#last ? nanos : this.#last + 1n;
    return this.#last;
  }
}

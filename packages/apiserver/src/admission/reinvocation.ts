/**
 * Who of several that change an object is asked once more because others changed it afterwards
 * (upstream: plugin/webhook/mutating/reinvocationcontext.go, plugin/policy/mutating/reinvocationcontext.go).
 *
 * One for each request and plugin. Nobody is asked a third time, nor for the first time in the second round.
 */
import { jsonEqual, type KubeObject } from '@regatta/api';

export class Reinvocation<K> {
  /** Asked so far, and willing to be asked again. */
  #asked = new Set<K>();
  readonly #due = new Set<K>();
  #left: KubeObject | undefined;

  /** The second round begins: what others changed since the first counts. */
  again(object: KubeObject | undefined): void {
    if (!jsonEqual(this.#left, object)) this.changed();
  }

  isDue(key: K): boolean {
    return this.#due.has(key);
  }

  /** Whoever was asked before has not seen this. */
  changed(): void {
    for (const key of this.#asked) this.#due.add(key);
    this.#asked = new Set();
  }

  asked(key: K): void {
    this.#asked.add(key);
  }

  /** The round is over; this is how it leaves the object. */
  done(object: KubeObject | undefined): void {
    this.#left = object && structuredClone(object);
  }
}

/** One for each request that is under way. */
export class Reinvocations<K> {
  readonly #ofRequests = new WeakMap<object, Reinvocation<K>>();

  of(attributes: object): Reinvocation<K> {
    let one = this.#ofRequests.get(attributes);
    if (!one) {
      one = new Reinvocation();
      this.#ofRequests.set(attributes, one);
    }
    return one;
  }
}

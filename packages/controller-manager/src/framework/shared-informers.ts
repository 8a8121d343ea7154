/**
 * One informer per resource for the whole process, however many controllers read it.
 *
 * Owns: the informers and their runs. Invariants: all are started at once; one that is asked for later starts at once.
 */
import { type KubeObject, type ResourceRef, resourceName } from '@regatta/api';
import { type ApiClient, Informer } from '@regatta/client';
import type { Clock, Logger } from '@regatta/runtime';

export interface SharedInformersOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Pods by the node they are bound to. */
export const BY_NODE = 'node';

export class SharedInformers {
  readonly #informers = new Map<string, Informer<KubeObject>>();
  readonly #indexed = new Set<string>();
  readonly #runs = new Set<Promise<void>>();
  #signal: AbortSignal | undefined;

  constructor(readonly options: SharedInformersOptions) {}

  for<T extends KubeObject>(ref: ResourceRef<T>): Informer<T> {
    const id = resourceName(ref);
    const known = this.#informers.get(id);
    if (known) return known as unknown as Informer<T>;
    const { client, clock, logger } = this.options;
    const informer = new Informer<T>({ client: client.resource(ref), clock, logger });
    this.#informers.set(id, informer as unknown as Informer<KubeObject>);
    if (this.#signal) this.#run(informer as unknown as Informer<KubeObject>, this.#signal);
    return informer;
  }

  /** True when some controller already watches the resource whole. */
  has(ref: ResourceRef): boolean {
    return this.#informers.has(resourceName(ref));
  }

  /** Adds an index that several controllers share; the second to ask finds it there. */
  index<T extends KubeObject>(ref: ResourceRef<T>, name: string, valuesOf: (object: T) => readonly string[]): void {
    const id = `${resourceName(ref)}/${name}`;
    if (this.#indexed.has(id)) return;
    this.#indexed.add(id);
    this.for(ref).addIndex(name, valuesOf);
  }

  /** Starts every informer. They end with the signal. */
  start(signal: AbortSignal): void {
    this.#signal = signal;
    for (const informer of this.#informers.values()) this.#run(informer, signal);
  }

  /** Resolves when all that are known now have their first list. @throws the signal's reason */
  async whenSynced(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.whenSynced(signal)));
  }

  /** Resolves when every run has ended, after the signal of `start` aborted. */
  async stopped(): Promise<void> {
    await Promise.all(this.#runs);
  }

  #run(informer: Informer<KubeObject>, signal: AbortSignal): void {
    const run = informer.run(signal).finally(() => this.#runs.delete(run));
    this.#runs.add(run);
  }
}

/**
 * The frame that every controller with one queue has: wait for its caches, then reconcile keys until the end.
 */
import type { KubeObject } from '@regatta/api';
import { type Informer, runWorkers, WorkQueue } from '@regatta/client';
import type { Clock, ClusterClock, Logger } from '@regatta/runtime';
import type { Controller, ControllerContext } from './controller.ts';

export interface KeyedControllerOptions {
  readonly name: string;
  readonly context: ControllerContext;
  /** Reconciles in progress at once. */
  readonly concurrency: number;
  /** What the queue's delays go by; cluster time unless told. */
  readonly clock?: Clock | ClusterClock;
}

export abstract class KeyedController implements Controller {
  readonly name: string;
  protected readonly context: ControllerContext;
  protected readonly logger: Logger;
  protected readonly queue: WorkQueue;
  readonly #concurrency: number;
  readonly #informers: Informer<KubeObject>[] = [];

  constructor({ name, context, concurrency, clock = context.clusterClock }: KeyedControllerOptions) {
    this.name = name;
    this.context = context;
    this.#concurrency = concurrency;
    this.logger = context.logger.with({ controller: name });
    this.queue = new WorkQueue({ clock });
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#informers.map((informer) => informer.whenSynced(signal)));
    await runWorkers(this.queue, this.#concurrency, (key) => this.reconcile(key), this.logger, signal);
  }

  /** Brings what the key names to what it should be, reading caches. Throwing means: again, later. */
  protected abstract reconcile(key: string): Promise<void>;

  /** Notes that reconcile reads this informer. */
  protected reads<T extends KubeObject>(informer: Informer<T>): Informer<T> {
    this.#informers.push(informer as unknown as Informer<KubeObject>);
    return informer;
  }
}

/**
 * When did things come true? A set of named conditions on the cluster's state, each stamped at the first change that
 * made it true. The node-loss story of `regatta demo` and its end-to-end test are told with it.
 */
import type { Node, Pod } from '@regatta/api';
import { type ApiClient, Informer, resources } from '@regatta/client';
import { type Clock, type Deferred, deferred, type Logger } from '@regatta/runtime';

export interface ClusterState {
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
}

export interface Milestone {
  readonly name: string;
  reached(state: ClusterState): boolean;
}

interface Pending {
  readonly milestone: Milestone;
  readonly done: Deferred<number>;
}

export class MilestoneWatcher {
  readonly #nodes: Informer<Node>;
  readonly #pods: Informer<Pod>;
  readonly #pending = new Set<Pending>();
  readonly #stop = new AbortController();

  constructor(
    client: ApiClient,
    readonly clock: Clock,
    logger: Logger,
    namespace: string,
  ) {
    this.#nodes = new Informer({ client: client.resource(resources.nodes), clock, logger });
    this.#pods = new Informer({ client: client.resource(resources.pods), clock, logger, namespace });
    const look = (): void => this.#look();
    this.#nodes.addHandler({ onAdd: look, onUpdate: look, onDelete: look });
    this.#pods.addHandler({ onAdd: look, onUpdate: look, onDelete: look });
  }

  /** Begins to watch. Resolves when the state is known. */
  async start(): Promise<void> {
    void this.#nodes.run(this.#stop.signal);
    void this.#pods.run(this.#stop.signal);
    await Promise.all([this.#nodes.whenSynced(this.#stop.signal), this.#pods.whenSynced(this.#stop.signal)]);
  }

  stop(): void {
    this.#stop.abort(new Error('the story is told'));
  }

  get state(): ClusterState {
    return { nodes: this.#nodes.list(), pods: this.#pods.list() };
  }

  /** The instant (epoch ms) at which the condition holds, or held first. @throws Error after `timeout` real milliseconds */
  when(milestone: Milestone, timeout: number): Promise<number> {
    const pending: Pending = { milestone, done: deferred<number>() };
    this.#pending.add(pending);
    const timer = this.clock.setTimer(timeout, () => {
      this.#pending.delete(pending);
      pending.done.reject(new Error(`not within ${timeout} ms: ${milestone.name}`));
    });
    this.#look();
    return pending.done.promise.finally(() => timer.cancel());
  }

  #look(): void {
    const { state } = this;
    for (const pending of this.#pending) {
      if (!pending.milestone.reached(state)) continue;
      this.#pending.delete(pending);
      pending.done.resolve(this.clock.now());
    }
  }
}

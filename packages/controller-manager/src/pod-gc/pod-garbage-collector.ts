/**
 * Removes Pods that nobody else will (pkg/controller/podgc/gc_controller.go): those whose node is gone, those that
 * terminate on a node marked out of service, those that terminate without ever having had a node, and, beyond a
 * threshold, those that ended longest ago.
 *
 * Invariants: a Pod is marked Failed before it is removed by force, so that its controller counts it so; a node is only
 * taken for gone after it was missing for QUARANTINE_MS and the API itself says so.
 */
import { isNotFound, type Node, type Pod, type PodCondition, type PodStatus } from '@regatta/api';
import { type ApiClient, formatTime, type Informer, resources } from '@regatta/client';
import type { Logger } from '@regatta/runtime';
import { type Controller, type ControllerContext, clientFor } from '../framework/controller.ts';
import { forEachLimited } from '../framework/limited-concurrency.ts';
import { periodically } from '../framework/periodically.ts';
import { parseTime } from '../framework/timestamps.ts';
import { isNodeReady } from '../nodes/node-conditions.ts';
import { OUT_OF_SERVICE } from '../nodes/taints.ts';
import { isPodTerminal } from '../pods/pod-conditions.ts';

/** Cluster milliseconds. */
const PASS_MS = 20_000;
export const QUARANTINE_MS = 40_000;
const LEAST_PASS_MS = 500;
/** Pods that ended and are kept, upstream's --terminated-pod-gc-threshold. */
const TERMINATED_THRESHOLD = 12_500;
const CONCURRENCY = 16;

const ORPHANED: PodCondition = {
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'DeletionByPodGC',
  message: 'PodGC: node no longer exists',
};

export class PodGarbageCollector implements Controller {
  readonly name = 'pod-garbage-collector-controller';
  readonly #context: ControllerContext;
  readonly #logger: Logger;
  readonly #api: ApiClient;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  /** Missing nodes that Pods name, and since when. */
  readonly #missing = new Map<string, number>();

  constructor(
    context: ControllerContext,
    readonly threshold = TERMINATED_THRESHOLD,
  ) {
    this.#context = context;
    this.#logger = context.logger.with({ controller: this.name });
    this.#api = clientFor(context, 'pod-garbage-collector');
    this.#pods = context.informers.for(resources.pods);
    this.#nodes = context.informers.for(resources.nodes);
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#pods.whenSynced(signal), this.#nodes.whenSynced(signal)]);
    const options = { logger: this.#logger, signal, leastReal: LEAST_PASS_MS };
    await periodically(this.#context.clusterClock, PASS_MS, () => this.#pass(), options);
  }

  async #pass(): Promise<void> {
    const pods = this.#pods.list();
    const terminating = pods.filter(({ metadata }) => metadata.deletionTimestamp);
    await this.#removeAll(this.#surplus(pods));
    await this.#removeAll(terminating.filter((pod) => this.#isOutOfService(pod)));
    const gone = await this.#goneNodes(pods);
    if (gone.size > 0)
      await this.#removeAll(
        pods.filter(({ spec }) => gone.has(spec.nodeName ?? '')),
        ORPHANED,
      );
    await this.#removeAll(terminating.filter(({ spec }) => !spec.nodeName));
  }

  /** Evicted Pods first, then the oldest. */
  #surplus(pods: readonly Pod[]): readonly Pod[] {
    if (this.threshold <= 0) return [];
    const ended = pods.filter(isPodTerminal);
    if (ended.length <= this.threshold) return [];
    return ended.sort(byEvictionThenAge).slice(0, ended.length - this.threshold);
  }

  #isOutOfService({ spec }: Pod): boolean {
    const node = this.#nodes.get('', spec.nodeName ?? '');
    return (
      node !== undefined && !isNodeReady(node) && (node.spec.taints ?? []).some(({ key }) => key === OUT_OF_SERVICE)
    );
  }

  async #goneNodes(pods: readonly Pod[]): Promise<ReadonlySet<string>> {
    const missing = new Set<string>();
    for (const { spec } of pods) if (spec.nodeName && !this.#nodes.get('', spec.nodeName)) missing.add(spec.nodeName);
    for (const name of this.#missing.keys()) if (!missing.has(name)) this.#missing.delete(name);
    const gone = new Set<string>();
    for (const name of missing) {
      const since = this.#missing.get(name) ?? this.#context.clock.now();
      this.#missing.set(name, since);
      if (this.#context.clusterClock.elapsed(since) >= QUARANTINE_MS && (await this.#isGone(name))) gone.add(name);
    }
    return gone;
  }

  async #isGone(name: string): Promise<boolean> {
    try {
      await this.#api.resource(resources.nodes).get(name);
      return false;
    } catch (error) {
      return isNotFound(error);
    }
  }

  async #removeAll(pods: readonly Pod[], condition?: PodCondition): Promise<void> {
    const failures = await forEachLimited(pods, CONCURRENCY, (pod) => this.#remove(pod, condition));
    for (const error of failures) this.#logger.warn('pod could not be removed; will try again', { error });
  }

  /** Its role may patch the status and delete, not read: the uid keeps the patch from hitting a namesake. */
  async #remove(pod: Pod, condition?: PodCondition): Promise<void> {
    const { name, namespace, uid } = pod.metadata;
    const client = this.#api.resource(resources.pods);
    try {
      if (!isPodTerminal(pod)) {
        const body = { metadata: { uid }, status: this.#failed(pod, condition) };
        await client.patch(name, { namespace, type: 'strategic', subresource: 'status', body });
      }
      await client.delete(name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** What changes of the status: conditions merge by their type. */
  #failed({ status = {}, metadata }: Pod, condition?: PodCondition): PodStatus {
    if (!condition) return { phase: 'Failed' };
    const observed = status.observedGeneration ? { observedGeneration: metadata.generation } : {};
    const lastTransitionTime = formatTime(this.#context.clock.now());
    return { phase: 'Failed', conditions: [{ ...condition, ...observed, lastTransitionTime }] };
  }
}

function byEvictionThenAge(a: Pod, b: Pod): number {
  const evicted = Number(b.status?.reason === 'Evicted') - Number(a.status?.reason === 'Evicted');
  const age = parseTime(a.metadata.creationTimestamp) - parseTime(b.metadata.creationTimestamp);
  return evicted || age || (a.metadata.name < b.metadata.name ? -1 : 1);
}
